"""Reports and lists by themselves: what is due, making it, and the entries of four systems that start it.

The system starts the run every hour and the run knows whether anything is due. So what was missed, or failed
because an export was late, is caught up whatever the system does about missed starts; and what a server did
not take is tried again within the hour.
"""
