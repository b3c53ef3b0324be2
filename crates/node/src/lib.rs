//! A committee member: authorises, evaluates, shares; runs the ceremonies; stores; observes.
