//! Secrets as their issuers make them, by the issuers' documentation.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::dice::{DIGITS, Dice, LOWER, UPPER};

pub struct Secret {
    pub value: String,
    /// What applications call it.
    pub name: &'static str,
    /// Whether it is told from everything else by itself. What has no form of its own (forty letters, a UUID) is a secret
    /// only where something says so, and is planted only there.
    pub alone: bool,
    /// What must not be found of it, where that is not the value.
    pub parts: Vec<String>,
    /// How it stands in an address or a header, where it has such a place.
    pub carrier: Option<String>,
}

impl Secret {
    fn named(name: &'static str, value: String) -> Secret {
        Secret { value, name, alone: false, parts: Vec::new(), carrier: None }
    }

    fn alone(name: &'static str, value: String) -> Secret {
        Secret { alone: true, ..Secret::named(name, value) }
    }

    fn within(name: &'static str, value: String, carrier: String) -> Secret {
        Secret { carrier: Some(carrier), ..Secret::named(name, value) }
    }

    /// The part of it that stands in the text: as it is, escaped, encoded, or a good piece of any of these.
    pub fn found_in(&self, text: &str) -> Option<String> {
        self.pieces().into_iter().find(|piece| text.contains(piece))
    }

    /// What of it, written in any of its forms, gives it away.
    pub fn pieces(&self) -> Vec<String> {
        let whole = [self.value.clone()];
        let parts: &[String] = if self.parts.is_empty() { &whole } else { &self.parts };
        let mut pieces = Vec::new();
        for part in parts {
            let escaped = serde_json::to_string(part).unwrap_or_default();
            let twice = serde_json::to_string(&escaped[1..escaped.len() - 1]).unwrap_or_default();
            let forms = [
                part.clone(),
                escaped.trim_matches('"').to_owned(),
                twice.trim_matches('"').to_owned(),
                STANDARD.encode(part).trim_end_matches('=').to_owned(),
                percent_encoded(part),
            ];
            for form in forms {
                // Two thirds of a short one, twelve characters of a long one: nobody needs the rest.
                let length = form.chars().count();
                let piece = (length * 2 / 3).clamp(6, 12).min(length);
                let letters: Vec<char> = form.chars().collect();
                pieces.extend(letters.windows(piece.max(1)).map(|window| window.iter().collect::<String>()));
            }
        }
        pieces
    }
}

pub fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

type Make = fn(&mut Dice) -> Secret;

pub const KINDS: &[(&str, Make)] = &[
    ("aws-access-key-id", |d| {
        Secret::alone("AWS_ACCESS_KEY_ID", format!("AKIA{}", d.letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)))
    }),
    ("aws-secret-access-key", |d| {
        Secret::named("AWS_SECRET_ACCESS_KEY", d.letters(&format!("{UPPER}{LOWER}{DIGITS}/+"), 40))
    }),
    ("aws-session-token", |d| {
        Secret::named("AWS_SESSION_TOKEN", format!("IQoJb3JpZ2luX2Vj{}", STANDARD.encode(d.bytes(150))))
    }),
    ("google-api-key", |d| Secret::alone("GOOGLE_API_KEY", format!("AIza{}", d.url_safe(35)))),
    ("google-service-account", service_account),
    ("azure-storage-key", |d| {
        let key = STANDARD.encode(d.bytes(64));
        let carrier = format!(
            "DefaultEndpointsProtocol=https;AccountName=shopdata;AccountKey={key};EndpointSuffix=core.windows.net"
        );
        Secret::within("AZURE_STORAGE_CONNECTION_STRING", key, carrier)
    }),
    ("azure-client-secret", |d| {
        let value = format!("{}8Q~{}", d.alphanumeric(3), d.letters(&format!("{UPPER}{LOWER}{DIGITS}-_.~"), 34));
        Secret::alone("AZURE_CLIENT_SECRET", value)
    }),
    ("azure-sas", |d| {
        let signature = STANDARD.encode(d.bytes(32)).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let carrier = format!(
            "https://shop.blob.core.windows.net/backups?sv=2024-11-04&ss=b&se=2026-12-01T00%3A00Z&sig={signature}"
        );
        Secret::within("BACKUP_URL", signature, carrier)
    }),
    ("github-token", |d| Secret::alone("GITHUB_TOKEN", format!("ghp_{}", d.alphanumeric(36)))),
    ("github-fine-grained-token", |d| {
        Secret::alone("GH_TOKEN", format!("github_pat_{}_{}", d.alphanumeric(22), d.alphanumeric(59)))
    }),
    ("gitlab-token", |d| Secret::alone("GITLAB_TOKEN", format!("glpat-{}", d.url_safe(20)))),
    ("slack-bot-token", |d| {
        Secret::alone(
            "SLACK_BOT_TOKEN",
            format!("xoxb-{}-{}-{}", d.letters(DIGITS, 12), d.letters(DIGITS, 13), d.alphanumeric(24)),
        )
    }),
    ("slack-webhook", |d| {
        let path = format!(
            "T{}/B{}/{}",
            d.letters(&format!("{UPPER}{DIGITS}"), 10),
            d.letters(&format!("{UPPER}{DIGITS}"), 10),
            d.alphanumeric(24)
        );
        Secret {
            parts: vec![path.clone()],
            ..Secret::alone("SLACK_WEBHOOK", format!("https://hooks.slack.com/services/{path}"))
        }
    }),
    ("stripe-key", |d| Secret::alone("STRIPE_SECRET_KEY", format!("sk_live_{}", d.alphanumeric(24)))),
    ("twilio-key", |d| Secret::alone("TWILIO_API_KEY", format!("SK{}", d.hex(32)))),
    ("sendgrid-key", |d| Secret::alone("SENDGRID_API_KEY", format!("SG.{}.{}", d.url_safe(22), d.url_safe(43)))),
    ("mailgun-key", |d| Secret::named("MAILGUN_API_KEY", format!("key-{}", d.hex(32)))),
    ("npm-token", |d| Secret::alone("NPM_TOKEN", format!("npm_{}", d.alphanumeric(36)))),
    ("pypi-token", |d| Secret::alone("TWINE_PASSWORD", format!("pypi-AgEIcHlwaS5vcmc{}", d.url_safe(120)))),
    ("docker-login", |d| {
        let password = format!("dckr_pat_{}", d.url_safe(27));
        let auth = STANDARD.encode(format!("ci:{password}"));
        let config = json!({"auths": {"https://index.docker.io/v1/": {"auth": auth}}}).to_string();
        Secret {
            parts: vec![auth.trim_end_matches('=').to_owned(), password],
            ..Secret::within(".dockerconfigjson", auth, config)
        }
    }),
    ("jwt", |d| jwt(d, "ACCESS_JWT")),
    ("service-account-token", |d| {
        let mut token = jwt(d, "token");
        token.carrier = Some(format!("Authorization: Bearer {}", token.value));
        token
    }),
    ("kubeconfig-client-key", |d| {
        let pem = pem(d, "RSA PRIVATE KEY");
        let value = STANDARD.encode(&pem);
        let carrier = format!(
            "users:\n- name: admin\n  user:\n    client-certificate-data: LS0tLS1CRUdJTg==\n    client-key-data: {value}\n"
        );
        Secret { parts: vec![value[40..].to_owned()], ..Secret::within("client-key-data", value, carrier) }
    }),
    ("rsa-key", |d| key(d, "RSA PRIVATE KEY", "tls.key")),
    ("ec-key", |d| key(d, "EC PRIVATE KEY", "SIGNING_KEY")),
    ("openssh-key", |d| key(d, "OPENSSH PRIVATE KEY", "ssh-privatekey")),
    ("postgres-url", |d| {
        let password = password(d);
        let carrier =
            format!("postgres://cart:{}@postgres.shop.svc:5432/cart?sslmode=disable", percent_encoded(&password));
        Secret::within("DATABASE_URL", password, carrier)
    }),
    ("mysql-dsn", |d| {
        let password = d.alphanumeric(16);
        let carrier = format!("orders:{password}@tcp(mysql.shop.svc:3306)/orders?parseTime=true");
        Secret::within("MYSQL_DSN", password, carrier)
    }),
    ("mongodb-url", |d| {
        let password = percent_encoded(&password(d));
        let carrier = format!("mongodb+srv://svc-orders:{password}@cluster0.ab1cd.mongodb.net/orders?retryWrites=true");
        Secret::within("MONGO_URI", password, carrier)
    }),
    ("redis-url", |d| {
        let password = d.alphanumeric(20);
        Secret::within("REDIS_URL", password.clone(), format!("redis://:{password}@redis-master:6379/0"))
    }),
    ("amqp-url", |d| {
        let password = percent_encoded(&password(d));
        Secret::within("RABBIT_URL", password.clone(), format!("amqp://worker:{password}@rabbitmq:5672/%2f"))
    }),
    ("basic-auth", |d| {
        let password = password(d);
        let pair = STANDARD.encode(format!("admin:{password}"));
        Secret {
            parts: vec![pair.trim_end_matches('=').to_owned(), password],
            ..Secret::within("PROXY_AUTHORIZATION", pair.clone(), format!("Authorization: Basic {pair}"))
        }
    }),
    ("bearer-token", |d| {
        let token = d.url_safe(40);
        Secret::within("API_TOKEN", token.clone(), format!("Authorization: Bearer {token}"))
    }),
    ("session-cookie", |d| {
        let session = d.alphanumeric(32);
        Secret::within("SESSION_TOKEN", session.clone(), format!("Cookie: sid={session}; theme=dark"))
    }),
    ("password", |d| Secret::named("DB_PASSWORD", password(d))),
    ("password-of-a-person", |d| {
        let word = d.one(&["Sommer", "Winter", "Welcome", "Dragon", "Kaffee", "Montag"]);
        Secret::named("ADMIN_PASSWORD", format!("{word}{}{}", 1990 + d.below(40), d.one(&["!", "?", "#", "!!"])))
    }),
    ("vault-token", |d| Secret::alone("VAULT_TOKEN", format!("hvs.{}", d.url_safe(95)))),
    ("openai-key", |d| {
        Secret::alone("OPENAI_API_KEY", format!("sk-proj-{}T3BlbkFJ{}", d.url_safe(74), d.url_safe(74)))
    }),
    ("anthropic-key", |d| Secret::alone("ANTHROPIC_API_KEY", format!("sk-ant-api03-{}AA", d.url_safe(93)))),
    ("hugging-face-token", |d| Secret::alone("HF_TOKEN", format!("hf_{}", d.letters(&format!("{UPPER}{LOWER}"), 34)))),
    ("datadog-key", |d| Secret::named("DD_API_KEY", d.hex(32))),
    ("terraform-token", |d| {
        Secret::alone("TFE_TOKEN", format!("{}.atlasv1.{}", d.alphanumeric(14), d.alphanumeric(67)))
    }),
    ("databricks-token", |d| Secret::alone("DATABRICKS_TOKEN", format!("dapi{}", d.hex(32)))),
    ("new-relic-key", |d| {
        Secret::alone("NEW_RELIC_API_KEY", format!("NRAK-{}", d.letters(&format!("{UPPER}{DIGITS}"), 27)))
    }),
    ("grafana-token", |d| Secret::alone("GRAFANA_TOKEN", format!("glsa_{}_{}", d.alphanumeric(32), d.hex(8)))),
    ("digitalocean-token", |d| Secret::alone("DIGITALOCEAN_TOKEN", format!("dop_v1_{}", d.hex(64)))),
    ("telegram-bot-token", |d| {
        Secret::alone("TELEGRAM_BOT_TOKEN", format!("{}:AA{}", d.letters("123456789", 10), d.url_safe(33)))
    }),
    ("heroku-key", |d| Secret::named("HEROKU_API_KEY", d.uuid())),
    ("shopify-token", |d| Secret::alone("SHOPIFY_ACCESS_TOKEN", format!("shpat_{}", d.hex(32)))),
    ("age-key", |d| {
        Secret::alone("SOPS_AGE_KEY", format!("AGE-SECRET-KEY-1{}", d.letters("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)))
    }),
];

/// What a generator of passwords makes: letters, digits, and the signs that configuration files trip over.
fn password(dice: &mut Dice) -> String {
    let length = 12 + dice.below(10);
    let body = dice.letters(&format!("{UPPER}{LOWER}{DIGITS}{LOWER}{DIGITS}!#%*+-_.~^"), length);
    format!("{}{body}{}", dice.letters(LOWER, 1), dice.letters(DIGITS, 1))
}

fn jwt(dice: &mut Dice, name: &'static str) -> Secret {
    let header = URL_SAFE_NO_PAD.encode(json!({"alg": "RS256", "kid": dice.alphanumeric(20)}).to_string());
    let claims = json!({"iss": "kubernetes/serviceaccount", "sub": format!("system:serviceaccount:shop:{}", dice.letters(LOWER, 6)), "exp": 1_795_000_000_u64 + dice.next() % 1_000_000});
    let (claims, signature) = (URL_SAFE_NO_PAD.encode(claims.to_string()), URL_SAFE_NO_PAD.encode(dice.bytes(64)));
    let parts = vec![claims.clone(), signature.clone()];
    Secret { parts, ..Secret::alone(name, format!("{header}.{claims}.{signature}")) }
}

fn pem(dice: &mut Dice, label: &str) -> String {
    let body = STANDARD.encode(dice.bytes(400));
    let lines: Vec<&str> = (0..body.len()).step_by(64).map(|at| &body[at..(at + 64).min(body.len())]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn key(dice: &mut Dice, label: &str, name: &'static str) -> Secret {
    let value = pem(dice, label);
    let parts = value.lines().filter(|line| !line.starts_with("-----")).map(str::to_owned).collect();
    Secret { parts, ..Secret::alone(name, value) }
}

fn service_account(dice: &mut Dice) -> Secret {
    let pem = pem(dice, "PRIVATE KEY");
    let parts = pem.lines().filter(|line| !line.starts_with("-----")).map(str::to_owned).collect();
    let value = json!({
        "type": "service_account", "project_id": "shop", "private_key_id": dice.hex(40), "private_key": pem,
        "client_email": "ci@shop.iam.gserviceaccount.com",
    });
    Secret { parts, ..Secret::alone("GOOGLE_CREDENTIALS", value.to_string()) }
}
