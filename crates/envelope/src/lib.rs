//! The Filecoin Encryption Envelope: COSE header, chunked body, recipients. Pure, streaming.
