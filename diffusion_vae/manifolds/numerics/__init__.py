"""Computations behind the manifolds: vectors, small matrices, level sets, points of a volume."""
