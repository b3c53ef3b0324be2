//! Who asks.

use std::sync::Arc;

use js_sys::{Function, Promise, Uint8Array};
use serde_json::{Value, json};
use stheno::{
    KeyHolder, Reader, SessionDraft, SessionOptions, WalletError,
    bounds::BoxFuture,
    private::{Claim, ProveError, Purpose},
    protocol::{
        Account, AccountKind, Address, Authorization, B256, Bytes, ChainId, DelegateKey, Domain,
        Policy, Request, Scope,
    },
};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use crate::{
    bytes::words,
    error::{Failure, Result, to_js},
};

/// Somebody who asks a committee.
#[wasm_bindgen]
pub struct AskingReader(pub(crate) Arc<dyn Reader>);

/// As an argument that is owned.
pub(crate) struct Shared(pub(crate) Arc<dyn Reader>);

impl Reader for Shared {
    fn account(&self, chain: ChainId) -> Option<Account> {
        self.0.account(chain)
    }

    fn authorize<'a>(
        &'a self,
        request: &'a Request,
        domain: &'a Domain,
    ) -> BoxFuture<'a, std::result::Result<Authorization, WalletError>> {
        self.0.authorize(request, domain)
    }

    fn prepare<'a>(
        &'a self,
        purpose: &'a Purpose<'a>,
    ) -> BoxFuture<'a, std::result::Result<Vec<Claim>, ProveError>> {
        self.0.prepare(purpose)
    }

    fn prove<'a>(
        &'a self,
        request: &'a Request,
        policy: &'a Policy,
        claims: &'a [Claim],
    ) -> BoxFuture<'a, std::result::Result<Vec<(String, Bytes)>, ProveError>> {
        self.0.prove(request, policy, claims)
    }
}

#[wasm_bindgen]
impl AskingReader {
    /// The same once more: whatever asks takes its reader.
    #[must_use]
    pub fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    /// A wallet that signs every request; `sign` is given the typed data for `eth_signTypedData_v4` as
    /// text, and resolves to the signature as hex.
    ///
    /// # Errors
    /// `bad_argument` when the account is no address.
    #[wasm_bindgen(js_name = ofWallet)]
    pub fn of_wallet(account: &str, sign: Function) -> std::result::Result<Self, JsValue> {
        let account = address(account)?;
        Ok(Self(Arc::new(BrowserWallet { account, sign })))
    }
}

/// A wallet of EIP-1193.
struct BrowserWallet {
    account: Address,
    sign: Function,
}

impl Reader for BrowserWallet {
    fn account(&self, chain: ChainId) -> Option<Account> {
        Some(key_account(self.account, chain))
    }

    fn authorize<'a>(
        &'a self,
        request: &'a Request,
        domain: &'a Domain,
    ) -> BoxFuture<'a, std::result::Result<Authorization, WalletError>> {
        Box::pin(async move {
            let typed_data = request.typed_data(domain).to_string();
            let signature = asked(&self.sign, &typed_data.into()).await?;
            let signature = signature.as_string().and_then(|text| text.parse().ok());
            let signature: Bytes =
                signature.ok_or_else(|| refused("it gave something else than a signature"))?;
            Ok(Authorization::Wallet { signature })
        })
    }
}

/// An account that is a key's.
pub(crate) fn key_account(address: Address, chain: ChainId) -> Account {
    Account {
        address,
        chain,
        kind: AccountKind::Key,
    }
}

/// A session that its owner has not signed yet.
#[wasm_bindgen]
pub struct DraftSession {
    draft: SessionDraft,
    key: DelegateKey,
}

#[wasm_bindgen]
impl DraftSession {
    /// Writes what the owner is to sign. `terms`: JSON with `account`, `chain`, `network`, `origin`,
    /// `scope`, `issuedAt` (Unix seconds), `lifetime` (seconds). `key`: the session's P-256 point,
    /// uncompressed, as WebCrypto exports it.
    ///
    /// # Errors
    /// `bad_argument`, `bad_wallet`.
    #[wasm_bindgen(constructor)]
    pub fn new(terms: &str, key: &Uint8Array) -> std::result::Result<Self, JsValue> {
        let (account, options) = session_terms(terms)?;
        let key = compressed(key)?;
        let holder = Holder {
            public: key,
            // Nobody signs with it yet. (A default Function would be made from text, which pages forbid.)
            sign: JsValue::UNDEFINED.unchecked_into(),
        };
        let now = options.issued_at;
        let draft = SessionDraft::new(account, &holder, options).map_err(Failure::from)?;
        // What nodes would refuse, nobody is asked to sign.
        draft.check(now).map_err(|problem| {
            let hint = "name something in the scope, and at most 3,600 seconds";
            Failure::of(problem.code.as_str(), problem.detail, hint)
        })?;
        Ok(Self { draft, key })
    }

    /// The draft of a message that was kept.
    ///
    /// # Errors
    /// `bad_wallet` when it is no session's of the account.
    pub fn kept(
        account: &str,
        chain: f64,
        message: &str,
        key: &Uint8Array,
    ) -> std::result::Result<Self, JsValue> {
        let account = key_account(address(account)?, chain as ChainId);
        let draft = SessionDraft::of_text(account, message).map_err(Failure::from)?;
        let key = compressed(key)?;
        Ok(Self { draft, key })
    }

    /// The message, for `personal_sign`.
    #[wasm_bindgen(getter)]
    pub fn message(&self) -> String {
        self.draft.message().to_string()
    }

    /// `{ account, network, scope, expiresAt }`.
    #[wasm_bindgen(getter)]
    pub fn terms(&self) -> JsValue {
        let terms = self.draft.terms();
        to_js(&json!({
            "account": terms.account.to_checksum(None),
            "network": terms.network.to_string(),
            "scope": scope_json(&terms.scope),
            "expiresAt": terms.expires_at,
        }))
    }

    /// The reader, with the owner's signature; `sign` is given 32 bytes, and resolves to the 64 of
    /// ECDSA with SHA-256.
    ///
    /// # Errors
    /// `bad_wallet` when the signature is somebody else's.
    pub fn signed(
        self,
        signature: &str,
        sign: Function,
    ) -> std::result::Result<AskingReader, JsValue> {
        let signature: Bytes = signature
            .parse()
            .map_err(|_| Failure::argument("the signature is no hex"))?;
        let holder = Holder {
            public: self.key,
            sign,
        };
        let session = self
            .draft
            .signed(signature, holder)
            .map_err(Failure::from)?;
        Ok(AskingReader(Arc::new(session)))
    }
}

fn session_terms(terms: &str) -> Result<(Account, SessionOptions)> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Terms {
        account: String,
        chain: ChainId,
        network: String,
        origin: String,
        scope: Scope,
        issued_at: u64,
        lifetime: u64,
    }
    let bad = |why: String| Failure::argument(format!("the session's terms: {why}"));
    let terms: Terms = serde_json::from_str(terms).map_err(|error| bad(error.to_string()))?;
    let account = key_account(address(&terms.account)?, terms.chain);
    let options = SessionOptions {
        origin: terms
            .origin
            .parse()
            .map_err(|_| bad("the origin is no domain".to_owned()))?,
        network: terms
            .network
            .parse()
            .map_err(|_| bad("the network is no id".to_owned()))?,
        chain: terms.chain,
        scope: terms.scope,
        issued_at: terms.issued_at,
        lifetime: terms.lifetime,
    };
    Ok((account, options))
}

fn scope_json(scope: &Scope) -> Value {
    // A list of lists of text always serialises.
    serde_json::to_value(scope).unwrap_or_default()
}

/// `0x04 ‖ x ‖ y` to `0x02 or 0x03 ‖ x`.
fn compressed(point: &Uint8Array) -> Result<DelegateKey> {
    let no_point = || Failure::argument("the session's key is no uncompressed point of P-256");
    let point: [u8; 65] = point.to_vec().try_into().map_err(|_| no_point())?;
    let [4, rest @ ..] = point else {
        return Err(no_point());
    };
    let (x, y) = rest.split_at(32);
    let is_odd = y.last().is_some_and(|byte| byte & 1 == 1);
    let mut compressed = [2 + u8::from(is_odd); 33];
    for (to, from) in compressed.iter_mut().skip(1).zip(x) {
        *to = *from;
    }
    Ok(DelegateKey::P256(compressed))
}

/// A key that WebCrypto holds.
struct Holder {
    public: DelegateKey,
    sign: Function,
}

impl KeyHolder for Holder {
    fn public(&self) -> DelegateKey {
        self.public
    }

    fn sign(&self, digest: B256) -> BoxFuture<'_, std::result::Result<Bytes, WalletError>> {
        Box::pin(async move {
            let digest = Uint8Array::from(digest.as_slice());
            let signature = asked(&self.sign, &digest).await?;
            let signature = signature.dyn_into::<Uint8Array>();
            let signature = signature.map_err(|_| refused("it gave no bytes"))?;
            Ok(signature.to_vec().into())
        })
    }
}

async fn asked(
    function: &Function,
    argument: &JsValue,
) -> std::result::Result<JsValue, WalletError> {
    let answer = match function.call1(&JsValue::UNDEFINED, argument) {
        Ok(answer) => JsFuture::from(Promise::resolve(&answer)).await,
        Err(reason) => Err(reason),
    };
    answer.map_err(|reason| refused(&words(&reason)))
}

fn refused(why: &str) -> WalletError {
    WalletError::Sign {
        why: why.to_owned(),
    }
}

pub(crate) fn address(text: &str) -> Result<Address> {
    let address = text.parse();
    address.map_err(|_| Failure::argument(format!("`{text}` is no address")))
}
