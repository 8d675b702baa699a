"""The foundation: strategies and their ranges, the flat parameter vector, BLAS calls, tables."""
