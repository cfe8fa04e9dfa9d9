//! Against a server that says exactly what the test tells it to.
