"""How good are churnhealth's probabilities beside those of other tools, on the same rows?

python -m benchmarks.quality                                  # everything that is not yet in the cache
python -m benchmarks.quality --sets telco mlc --tools churnhealth
python -m benchmarks.quality --report benchmarks/results/quality.md --tools      # only write the tables

Run it from the root of this project; the churnhealth that Python finds first (PYTHONPATH) is measured,
and its results are kept under the fingerprint of its source, so an earlier source can stand beside it:
`--tools churnhealth@1a2b3c4d5e`. Rivals are no dependencies of the project: `requirements.txt` beside
this file names them; put them into an environment of their own, together with this project's, and run
the command there. What is not installed is left out, and what the cache holds is shown from anywhere.
Every number is measured on one thread; only one process measures at a time.
"""
