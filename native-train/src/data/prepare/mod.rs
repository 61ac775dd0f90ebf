//! From data sets as they lie on a disk to a packed file.
