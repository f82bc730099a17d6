"""Singer tap that reads machine logs from an FTP server and accounts for every byte of them."""
