"""Singer tap for MySQL and MariaDB: exact values, all tables of a run read at one moment."""
