//! Reaching another system.

codes! {
    /// A system cannot be reached.
    UNREACHABLE = 501, "K0501";
    /// A system did not answer in time.
    TIMED_OUT = 502, "K0502";
    /// A system failed.
    SERVER_ERROR = 503, "K0503";
    /// A system asks us to slow down.
    RATE_LIMITED = 504, "K0504";
    /// An answer is not what it should be.
    NOT_JSON = 505, "K0505";
    /// No secure connection.
    TLS = 506, "K0506";
    /// The log-in was refused.
    LOGIN_REFUSED = 507, "K0507";
    /// The account may not do this.
    FORBIDDEN = 508, "K0508";
    /// A system failed too often in a row.
    CIRCUIT_OPEN = 509, "K0509";
    /// An answer that Kivuko does not know.
    UNEXPECTED_ANSWER = 510, "K0510";
    /// The run was asked to stop.
    CANCELLED = 511, "K0511";
    /// The options of a system do not hold.
    BAD_OPTIONS = 512, "K0512";
}
