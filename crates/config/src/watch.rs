//! Noticing that a file changed: size, time and inode of the main file and those it includes, looked at every second.
