"""Ways to send one request.

pool                       one pool of connections for all that asks the same account
opening                    the first requests of a process go another way than the rest
plain, aiohttp, requests   by the standard library, by aiohttp, and through a session of the user's
conditional                what has not changed is not sent again
ways, proxies, trust       through which proxy, and trusting whose certificates
headers, size, faults      what is alike on each way: headers, the biggest answer, what is said without one
thread                     for what waits in one
"""
