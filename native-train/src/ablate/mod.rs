//! Sets of runs that differ in one switch, compared by seed.
