"""How many customers stay, and is that changing?"""

from collections.abc import Mapping, Sequence

from retention_helpers.measurement.measures import benchmarks, churn_of_month, owner_notes
from retention_helpers.measurement.risks import cohort_months
from retention_helpers.measurement.said.activity import (
    active_customers,
    activity_movement,
    activity_triangle,
    back_after_sign_up,
    known_activity,
    sign_ups,
    use,
)
from retention_helpers.measurement.said.control import control_chart
from retention_helpers.measurement.said.month import (
    anniversary_triangle,
    both_clocks,
    calendar_triangle,
    change_of_cohorts,
    change_of_month,
    change_of_year,
    change_since_last_month,
    churn,
    churn_by_level,
    churn_by_level_of_year,
    churn_by_switch_gap,
    churn_target,
    cohorts_standing_out,
    customer_movement,
    customers_lost,
    differing_customers,
    kinds_of_loss,
    latest_cohorts,
    months,
    mrr_movement,
    other_tools,
    retention_12,
    revenue_retention,
    tenure_of_lost,
    tenure_of_lost_in_year,
    usual_bands,
)
from retention_helpers.measurement.said.outlook import (
    back_test,
    better_year,
    chosen_way,
    churn_of_year,
    method,
    readings,
    year_ahead,
)
from retention_helpers.measurement.said.revenue import (
    ages_of_revenue,
    cohorts_of_revenue,
    foreign_mrr,
    rates_of_exchange,
    renewals_due,
    renewals_to_come,
)
from retention_helpers.measurement.said.survival import (
    causes_at_months,
    followed,
    group_tests,
    lost_by_cause,
    median_tenure,
    months_stayed,
    revenue_of_customers,
    stay,
    stay_at_months,
    stay_by_group,
    stay_by_plan,
    tenure_months,
    worth,
)
from retention_helpers.measurement.survival import tenures
from retention_helpers.shown.results import Measure

FINDINGS: Mapping[str, Sequence[Measure]] = {
    "measurement": [
        months, change_of_month, change_since_last_month, change_of_year, control_chart, churn_target,
        retention_12, usual_bands, rates_of_exchange, foreign_mrr, churn_by_level, churn_by_level_of_year,
        renewals_due, tenure_of_lost, tenure_of_lost_in_year, kinds_of_loss, followed, stay_at_months,
        median_tenure, tenure_months, stay_by_group, group_tests, causes_at_months, months_stayed, worth,
        both_clocks, latest_cohorts, change_of_cohorts, cohorts_standing_out, cohorts_of_revenue,
        ages_of_revenue, back_test, method, year_ahead, renewals_to_come, better_year, churn_of_year,
        readings, other_tools, differing_customers, churn_by_switch_gap, use, customers_lost,
    ]
}  # fmt: skip

__all__ = [
    "FINDINGS", "active_customers", "activity_movement", "activity_triangle", "ages_of_revenue",
    "anniversary_triangle", "back_after_sign_up", "back_test", "benchmarks", "better_year", "both_clocks",
    "calendar_triangle", "causes_at_months", "change_of_cohorts", "change_of_month", "change_of_year",
    "change_since_last_month", "chosen_way", "churn", "churn_by_level", "churn_by_level_of_year",
    "churn_by_switch_gap", "churn_of_month", "churn_of_year", "churn_target", "cohort_months",
    "cohorts_of_revenue", "cohorts_standing_out", "control_chart", "customer_movement", "customers_lost",
    "differing_customers", "followed", "foreign_mrr", "group_tests", "kinds_of_loss", "known_activity",
    "latest_cohorts", "lost_by_cause", "median_tenure", "method", "months", "months_stayed", "mrr_movement",
    "other_tools", "owner_notes", "rates_of_exchange", "readings", "renewals_due", "renewals_to_come",
    "retention_12", "revenue_of_customers", "revenue_retention", "sign_ups", "stay", "stay_at_months",
    "stay_by_group", "stay_by_plan", "tenure_months", "tenure_of_lost", "tenure_of_lost_in_year", "tenures",
    "use", "usual_bands", "worth", "year_ahead",
]  # fmt: skip
