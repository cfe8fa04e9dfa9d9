//! The connector against the simulated DHIS2.
