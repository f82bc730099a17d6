"""FTP servers beside vsftpd that the tests run on: what each does differently finds other faults."""
