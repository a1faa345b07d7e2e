"""Fovea's kernel as a Python package: it finds Node and hands over to the TypeScript kernel that it carries."""
