//! Accounts and tokens: one live token for each account, sliding expiry, lock-out, permissions, the one outbreak in
//! which an account may write.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::dates;
use super::error::{Error, Result};
use super::languages;
use super::options;

const MAX_FAILURES: u32 = 10;
const LOCK: i64 = 30 * 60 * 1000;
/// A token that was made or prolonged less than this ago is not prolonged.
const SLIDE_AFTER: i64 = 50_000;
const SLIDE_THROTTLE: i64 = 30_000;

/// An account.
#[derive(Debug, Clone)]
pub struct User {
    /// Id.
    pub id: String,
    password: String,
    permissions: Vec<String>,
    failures: u32,
    last_failure: i64,
    /// What the API shows of it.
    pub record: Map<String, Value>,
}

impl User {
    /// E-mail, in lower case.
    pub fn email(&self) -> &str {
        self.record.get("email").and_then(Value::as_str).unwrap_or_default()
    }

    /// The outbreak in which it may write.
    pub fn active_outbreak(&self) -> Option<&str> {
        self.record.get("activeOutbreakId").and_then(Value::as_str)
    }

    /// The language that it reads.
    pub fn language(&self) -> &str {
        self.record.get("languageId").and_then(Value::as_str).unwrap_or(languages::DEFAULT)
    }

    /// Whether it may see an outbreak.
    pub fn may_see(&self, outbreak: &str) -> bool {
        let allowed = self.record.get("outbreakIds").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        allowed.is_empty() || allowed.iter().any(|id| id.as_str() == Some(outbreak))
    }

    /// Whether it has a permission, by itself or by its group.
    pub fn may(&self, permission: &str) -> bool {
        self.permissions
            .iter()
            .any(|held| held == "all" || held == permission || held.strip_suffix("all").is_some_and(|group| permission.starts_with(group)))
    }

    /// The permission, or its 403.
    pub fn need(&self, permission: &str) -> Result<()> {
        if self.may(permission) {
            return Ok(());
        }
        let message =
            format!("Logged in user must have (at least) one of the following permissions to access this endpoint: {permission}.");
        Err(Error::coded(403, "MISSING_REQUIRED_PERMISSION", message).details(json!({"permissions": permission})))
    }
}

#[derive(Debug)]
struct Token {
    user: usize,
    created: i64,
    touched: i64,
}

/// All accounts and their tokens.
#[derive(Debug)]
pub struct Auth {
    users: Vec<User>,
    tokens: HashMap<String, Token>,
    ttl: i64,
}

/// A new token.
#[derive(Debug)]
pub struct Login {
    /// The token.
    pub token: String,
    /// Seconds that it lives.
    pub ttl: i64,
    /// Whose it is.
    pub user: User,
}

impl Auth {
    /// The accounts of the options.
    pub fn new(users: &[options::User], ttl: std::time::Duration, now: i64) -> Self {
        let users = users.iter().map(|user| account(user, now)).collect();
        Self { users, tokens: HashMap::new(), ttl: i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX) }
    }

    /// All accounts.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// An account.
    pub fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// An account, to be changed.
    pub fn user_mut(&mut self, id: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.id == id)
    }

    /// Gives a new token, and takes all others of the account away.
    pub fn login(&mut self, email: &str, password: &str, now: i64) -> Result<Login> {
        let failed = || Error::coded(401, "LOGIN_FAILED", "login failed");
        let position = self.users.iter().position(|user| user.email() == email).ok_or_else(failed)?;
        let user = &mut self.users[position];
        if user.failures >= MAX_FAILURES {
            if now - user.last_failure < LOCK {
                return Err(Error::coded(422, "ACTION_TEMPORARILY_BLOCKED", "This action has been blocked temporarily"));
            }
            user.failures = 0;
        }
        if user.password != password {
            user.failures += 1;
            user.last_failure = now;
            return Err(failed());
        }
        user.failures = 0;
        user.record.insert("lastLogin".to_owned(), json!(dates::iso(now)));
        let user = user.clone();
        self.tokens.retain(|_, token| token.user != position);
        let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        self.tokens.insert(token.clone(), Token { user: position, created: now, touched: now });
        Ok(Login { token, ttl: self.ttl / 1000, user })
    }

    /// Whose token this is. An expired one is told apart once, and is unknown afterwards.
    pub fn identify(&mut self, token: &str, now: i64) -> Result<&User> {
        let Some(known) = self.tokens.get_mut(token) else {
            return Err(Error::unauthorized());
        };
        if now - known.created >= self.ttl {
            self.tokens.remove(token);
            return Err(Error::coded(401, "INVALID_TOKEN", "Invalid Access Token"));
        }
        if now - known.created > SLIDE_AFTER && now - known.touched > SLIDE_THROTTLE {
            known.created = now;
            known.touched = now;
        }
        Ok(&self.users[known.user])
    }

    /// Whether a token is known, expired or not.
    pub fn knows(&self, token: &str) -> bool {
        self.tokens.contains_key(token)
    }

    /// Takes a token away; `false` when it was not there.
    pub fn logout(&mut self, token: &str) -> bool {
        self.tokens.remove(token).is_some()
    }

    /// Lets all tokens run out.
    pub fn expire_all(&mut self, now: i64) {
        let ttl = self.ttl;
        self.tokens.values_mut().for_each(|token| token.created = now - ttl);
    }

    /// Lets a token run out.
    pub fn expire(&mut self, token: &str, now: i64) {
        if let Some(known) = self.tokens.get_mut(token) {
            known.created = now - self.ttl;
        }
    }
}

fn account(user: &options::User, now: i64) -> User {
    let email = user.email.to_lowercase();
    let id = user.id.clone().unwrap_or_else(|| format!("user-{}", email.replace(['@', '.'], "-")));
    let stamp = dates::iso(now);
    let record = json!({
        "id": id, "email": email, "firstName": "Integration", "lastName": "Account", "languageId": "english_us",
        "roleIds": ["ROLE_SIMULATED"], "outbreakIds": user.outbreak_ids, "activeOutbreakId": user.active_outbreak_id,
        "passwordChange": false, "disregardGeographicRestrictions": false,
        "createdAt": stamp, "createdBy": "system", "updatedAt": stamp, "updatedBy": "system", "dbUpdatedAt": stamp,
        "deleted": false, "createdOn": "API"
    });
    let Value::Object(record) = record else { unreachable!("an object is written above") };
    User { id, password: user.password.clone(), permissions: user.permissions.clone(), failures: 0, last_failure: 0, record }
}
