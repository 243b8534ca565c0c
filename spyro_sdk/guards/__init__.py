"""What stands around a call: retry, circuit breaker, rate limiter.

A guard wraps any coroutine function that takes nothing, HTTP or not, and knows no other guard. Composed,
the outermost first: `retry(breaker(limiter(call)))`.
"""
