"""Benchmarks of Atelier: how fast it is beside others that do the same work in the same minutes.

`make bench` and `make bench-api` run them and write docs/performance.md. `measure` runs programs and `report`
makes tables, for any benchmark; `ftp` is the benchmark of tap-ftplogs, with `contestants`, `corpus`,
`server`, `delay` and `bare`; `api` is that of the API, with `client`.
"""
