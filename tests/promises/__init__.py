"""What Trellis promises, tried under load and under faults: bounded in time, over real HTTP.

Set TRELLIS_PROMISE_S=20 to try as long as the promises say; without it, the tests that take a time take five seconds.
"""
