"""How Atelier is installed: the image, Compose, systemd, cron, Airflow."""
