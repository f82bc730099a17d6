"""Whatever is killed, full, cut off or wrong about the time: in the end all is as if nothing had happened."""
