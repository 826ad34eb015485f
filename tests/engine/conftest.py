"""A Spark of the tests' own, within this machine, with the settings of a small one."""

import importlib.util
import os
import shutil
from collections.abc import Iterator

import pytest

# A cluster's own settings; here those of queries so small that planning them takes the time.
DEFAULTS = """
spark.sql.shuffle.partitions 2
spark.sql.codegen.wholeStage false
spark.sql.adaptive.enabled false
spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
"""


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """That Spark can be used. Where it is missing these tests are skipped; under CI they fail."""
    is_here = shutil.which("java") and importlib.util.find_spec("pyspark")
    if not is_here and not os.environ.get("CI"):
        pytest.skip("there is no Java here, or no pyspark: pip install -r requirements-spark.txt")
    own = tmp_path_factory.mktemp("spark")
    (own / "spark-defaults.conf").write_text(DEFAULTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(own))
        patch.setenv("RETENTION_SPARK", "local[2]")
        yield
