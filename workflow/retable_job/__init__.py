"""Taking one job inside an environment: two JSON files, the files they describe, how it can end.

What `retable_export` and `retable_data` have in common. It knows neither of them, nor the host
package, and needs Python >= 3.8 and nothing else. (`retable_runner`, for Python 3.6, has its own.)
"""
