//! Real Git servers, a fault-injecting proxy and scenario builders for the tests of refsync.
