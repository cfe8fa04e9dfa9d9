//! Accounts, passwords, tokens and cookies.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use serde_json::Value;

use super::error::{Error, Result};
use super::kind::{self, Kind};
use super::options;
use super::store::Store;
use super::uid::{Maker, Uid};
use crate::server::Request;

/// So many failures in a row lock an account, where the server does that.
const FAILURES: u32 = 4;
/// How long, in milliseconds.
const LOCK: i64 = 15 * 60 * 1000;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Account {
    /// Identifier.
    pub id: Uid,
    /// Name to log in with; it is what `storedBy` says.
    pub username: String,
    /// Authorities.
    pub authorities: Vec<String>,
    /// Units where it captures data, each with all below.
    pub org_units: Vec<Uid>,
    /// Units whose data it sees, each with all below; empty: where it captures.
    pub data_view_org_units: Vec<Uid>,
    /// Identifiers of its user groups.
    pub groups: Vec<String>,
}

impl Account {
    /// Whether it may do everything.
    pub fn is_superuser(&self) -> bool {
        self.authorities.iter().any(|held| held == "ALL")
    }

    /// Whether it has an authority.
    pub fn may(&self, authority: &str) -> bool {
        self.authorities.iter().any(|held| held == authority || held == "ALL")
    }

    /// The authority, or its 403.
    pub fn need(&self, authority: &str) -> Result<()> {
        if self.may(authority) {
            return Ok(());
        }
        Err(Error::forbidden("Access is denied").because(&format!("the authority {authority} is needed")))
    }

    /// The units whose data it sees.
    pub fn view_units(&self) -> &[Uid] {
        if self.data_view_org_units.is_empty() { &self.org_units } else { &self.data_view_org_units }
    }
}

#[derive(Debug)]
struct Login {
    account: Arc<Account>,
    password: Option<String>,
    disabled: bool,
    two_factor: bool,
    failures: u32,
    last_failure: i64,
}

#[derive(Debug)]
struct Token {
    login: usize,
    expire: Option<i64>,
    methods: Vec<String>,
}

/// All accounts.
#[derive(Debug)]
pub struct Auth {
    logins: Vec<Login>,
    tokens: HashMap<String, Token>,
    cookies: HashMap<String, usize>,
    locks: bool,
}

/// Who was recognised.
#[derive(Debug)]
pub struct Recognised {
    /// Who.
    pub account: Arc<Account>,
    /// A new cookie, when there was none.
    pub cookie: Option<String>,
}

impl Auth {
    /// The accounts of the options.
    pub fn new(users: &[options::User], locks: bool, maker: &mut Maker) -> Self {
        let mut auth = Self { logins: Vec::new(), tokens: HashMap::new(), cookies: HashMap::new(), locks };
        for user in users {
            let login = auth.logins.len();
            for token in &user.tokens {
                auth.tokens.insert(token.key.clone(), Token { login, expire: token.expire, methods: token.methods.clone() });
            }
            let units = |named: &[String]| named.iter().filter_map(|uid| Uid::parse(uid)).collect();
            let account = Account {
                id: user.id.as_deref().and_then(Uid::parse).unwrap_or_else(|| maker.uid()),
                username: user.username.clone(),
                authorities: user.authorities.clone(),
                org_units: units(&user.organisation_units),
                data_view_org_units: units(&user.data_view_organisation_units),
                groups: user.user_groups.clone(),
            };
            auth.logins.push(Login {
                account: Arc::new(account),
                password: user.password.clone(),
                disabled: user.disabled,
                two_factor: user.two_factor,
                failures: 0,
                last_failure: 0,
            });
        }
        auth
    }

    /// All accounts.
    pub fn accounts(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.logins.iter().map(|login| &login.account)
    }

    /// The units of the accounts, as their objects have them now.
    pub fn take_units(&mut self, store: &Store) {
        let kind = Kind::plural("users").expect("the kinds are listed");
        for login in &mut self.logins {
            let Some(user) = store.get(kind, login.account.id) else { continue };
            let units = |name: &str| -> Vec<Uid> {
                let list = user.get(name).and_then(Value::as_array).into_iter().flatten();
                list.filter_map(|unit| kind::reference(unit).and_then(Uid::parse)).collect()
            };
            let (captures, views) = (units("organisationUnits"), units("dataViewOrganisationUnits"));
            if login.account.org_units != captures || login.account.data_view_org_units != views {
                let account = Account { org_units: captures, data_view_org_units: views, ..(*login.account).clone() };
                login.account = Arc::new(account);
            }
        }
    }

    /// Another account instead of one with the same name.
    pub fn replace(&mut self, account: Account) {
        if let Some(login) = self.logins.iter_mut().find(|login| login.account.username == account.username) {
            login.account = Arc::new(account);
        }
    }

    /// Who a request is from. `None`: it has no credentials at all.
    pub fn identify(&mut self, request: &Request, now: i64, maker: &mut Maker) -> Result<Option<Recognised>> {
        if let Some(header) = request.header("authorization") {
            if let Some(token) = header.strip_prefix("ApiToken ") {
                return self.by_token(token.trim(), request, now).map(Some);
            }
            if let Some(pair) = header.strip_prefix("Basic ") {
                let login = self.by_password(pair.trim(), now)?;
                let cookie = maker.uuid().replace('-', "").to_uppercase();
                self.cookies.insert(cookie.clone(), login);
                return Ok(Some(Recognised { account: Arc::clone(&self.logins[login].account), cookie: Some(cookie) }));
            }
            return Err(Error::unauthorized("Unauthorized"));
        }
        let cookies = request.header("cookie").unwrap_or_default().split(';');
        let login = cookies.filter_map(|pair| pair.trim().strip_prefix("JSESSIONID=")).find_map(|cookie| self.cookies.get(cookie));
        Ok(login.map(|login| Recognised { account: Arc::clone(&self.logins[*login].account), cookie: None }))
    }

    /// Lets a token run out.
    pub fn expire(&mut self, key: &str, now: i64) {
        if let Some(token) = self.tokens.get_mut(key) {
            token.expire = Some(now);
        }
    }

    /// Lets everybody's tokens run out.
    pub fn expire_all(&mut self, now: i64) {
        self.tokens.values_mut().for_each(|token| token.expire = Some(now));
        self.cookies.clear();
    }

    fn by_token(&self, key: &str, request: &Request, now: i64) -> Result<Recognised> {
        let token = self.tokens.get(key).ok_or_else(|| Error::unauthorized("Unauthorized").because("The API token does not exist"))?;
        if token.expire.is_some_and(|expire| expire <= now) {
            return Err(Error::unauthorized("Unauthorized").because("The API token has expired"));
        }
        if !token.methods.is_empty() && !token.methods.iter().any(|method| method == request.method.as_str()) {
            return Err(Error::unauthorized("Unauthorized").because("The method is not allowed for the API token"));
        }
        let login = &self.logins[token.login];
        if login.disabled {
            return Err(Error::unauthorized("Account disabled"));
        }
        Ok(Recognised { account: Arc::clone(&login.account), cookie: None })
    }

    fn by_password(&mut self, pair: &str, now: i64) -> Result<usize> {
        let wrong = || Error::unauthorized("Unauthorized");
        let decoded = STANDARD.decode(pair).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(wrong)?;
        let (username, password) = decoded.split_once(':').ok_or_else(wrong)?;
        let position = self.logins.iter().position(|login| login.account.username == username).ok_or_else(wrong)?;
        let locks = self.locks;
        let login = &mut self.logins[position];
        if locks && login.failures >= FAILURES {
            if now - login.last_failure < LOCK {
                return Err(Error::unauthorized("Account locked"));
            }
            login.failures = 0;
        }
        if login.password.as_deref() != Some(password) || login.two_factor {
            login.failures += 1;
            login.last_failure = now;
            return Err(wrong());
        }
        if login.disabled {
            return Err(Error::unauthorized("Account disabled"));
        }
        login.failures = 0;
        Ok(position)
    }
}
