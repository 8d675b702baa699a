"""The basis: strategies and their ranges, the flat vector of parameters, BLAS calls, tables."""
