"""One local service for all benchmarks: the same records by Salesforce's REST API, its Bulk API, a plain one.

records.py    the records, and what a reader of them must arrive at
bodies.py     every answer rendered into one file, which is mapped into memory
allowance.py  how many requests a second it allows, counted exactly
http.py       requests in, answers out, with as little work as Python allows
answers.py    which answer goes out for which request
__main__.py   starts it
"""
