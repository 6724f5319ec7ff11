"""How good are churnhealth's probabilities beside those of other tools, on the same rows?

python -m benchmarks.quality                                    # all that is not yet in the cache
python -m benchmarks.quality --sets telco mlc --tools churnhealth --curve
python -m benchmarks.quality --tools --report benchmarks/results/quality.md      # only the tables

Run it from the root of this project. The churnhealth that Python finds first (PYTHONPATH) is measured,
and its results are kept under the fingerprint of its source, so an earlier source can stand beside it:
`--tools churnhealth churnhealth@1a2b3c4d5e`. Results of a fold are kept in the folder `--work` with the
predictions and are not measured again, except with `--fresh`.

Rivals are no dependencies of the project: `requirements.txt` beside this file names them; put them into
an environment of their own, together with this project's, and run the command there. What is not
installed is left out and said; what the cache holds is shown from any environment. Everything is
measured on one thread, by one process at a time. FLAML and AutoGluon stop by wall time (`--seconds`):
on a machine with other work they get less CPU time than that.
"""
