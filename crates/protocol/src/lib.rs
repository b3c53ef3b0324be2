//! Policies, requests, receipts, ceremony messages and their bytes; policy evaluation. Pure.
