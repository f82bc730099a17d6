"""Tests of how dbt builds tables and views: others read them, and build on them."""
