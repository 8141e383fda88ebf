//! Kubeconfigs, flags and environments with the quirks of real ones.

use std::fmt::Write;
use std::path::PathBuf;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;

use crate::servers::Servers;

/// One situation in which both programs connect.
pub struct Case {
    /// The home directory, and the files of the case.
    pub directory: TempDir,
    pub flags: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Case {
    pub fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    pub fn variables(&self) -> Vec<(String, String)> {
        self.variables.clone()
    }

    /// The files and variables, for the report of a difference.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.variables {
            let _ = writeln!(text, "  {name}={value}");
        }
        for name in ["home/.kube/config", "one", "two", "three"] {
            if let Ok(content) = std::fs::read_to_string(self.directory.path().join(name)) {
                let _ = writeln!(text, "--- {name}");
                for line in content.lines() {
                    let mut end = line.len().min(160);
                    while !line.is_char_boundary(end) {
                        end -= 1;
                    }
                    let _ = writeln!(text, "{}", &line[..end]);
                }
            }
        }
        text
    }
}

/// The case with a number.
pub fn case(number: u64, servers: &Servers) -> Case {
    let mut random = StdRng::seed_from_u64(number);
    let is_plain = random.random_range(0..100) < 60;
    Generator { random, is_plain, servers }.case()
}

struct Generator<'a> {
    random: StdRng,
    /// Whether most entries are plain ones, so that a server is reached in spite of the quirks.
    is_plain: bool,
    servers: &'a Servers,
}

const CONTEXTS: [&str; 4] = ["work", "home", "old", "a b/ü"];
const CLUSTERS: [&str; 3] = ["one", "two", "far"];
const USERS: [&str; 3] = ["alice", "bob", "carol"];
/// Entries that are not used, and what is in them.
const UNUSED: [&str; 8] = [
    "{name: unused, cluster: {}}",
    "{name: unused}",
    "{name: unused, cluster: null}",
    "{name: unused, cluster: {server: null, unknown: {a: [1]}}}",
    "{name: unused, cluster: {server: \"\", proxy-url: \"\"}, unknown: 1}",
    "{cluster: {server: \"https://nowhere.example\"}}",
    "{name: \"\", cluster: {server: x}}",
    "{name: unused, cluster: \"\"}",
];
const UNUSED_USERS: [&str; 8] = [
    "{name: unused, user: {}}",
    "{name: unused}",
    "{name: unused, user: null}",
    "{user: {token: x}}",
    "{name: unused, user: {auth-provider: {name: gcp, config: null}}}",
    "{name: unused, user: {exec: {command: null, env: null, args: null}}}",
    "{name: unused, user: {exec: null, unknown: 1, tokenFile: \"\"}}",
    "{name: unused, user: {client-certificate: /nowhere, client-key: /nowhere, token: a, username: b}}",
];
const UNUSED_CONTEXTS: [&str; 6] = [
    "{name: unused, context: {}}",
    "{name: unused}",
    "{name: unused, context: null}",
    "{name: unused, context: {cluster: \"\", user: \"\"}}",
    "{name: unused, context: {user: x}}",
    "{context: {cluster: one, user: alice}}",
];

impl Generator<'_> {
    fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    /// A number below `end`; mostly the last one in a plain case.
    fn roll(&mut self, end: u32) -> u32 {
        let number = self.random.random_range(0..end);
        if self.is_plain && self.chance(80) { end - 1 } else { number }
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from.choose(&mut self.random).expect("it is not empty")
    }

    fn file(&self, name: &str) -> String {
        self.servers.file(name).display().to_string()
    }

    fn case(&mut self) -> Case {
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::create_dir_all(directory.path().join("home/.kube")).expect("a directory");
        let mut case = Case { directory, flags: Vec::new(), variables: Vec::new() };
        self.files(&mut case);
        self.proxies(&mut case);
        self.flags(&mut case);
        case
    }

    fn files(&mut self, case: &mut Case) {
        let count = if self.chance(60) { 1 } else { self.random.random_range(2..=3) };
        let mut paths = Vec::new();
        for name in &["one", "two", "three"][..count] {
            let text = self.kubeconfig();
            let path = case.directory.path().join(name);
            std::fs::write(&path, text).expect("it can be written");
            paths.push(path.display().to_string());
        }
        for name in ["ca.crt", "user.crt", "user.key", "token"] {
            let from = match name {
                "ca.crt" => "east-ca.crt",
                "user.crt" => "alice.crt",
                "user.key" => "alice.key",
                _ => "alice.token",
            };
            std::fs::copy(self.servers.file(from), case.directory.path().join(name))
                .expect("it can be copied");
        }
        if count == 1 && self.chance(30) {
            let home = case.home().join(".kube/config");
            std::fs::rename(case.directory.path().join("one"), home).expect("it can be moved");
            for name in ["ca.crt", "user.crt", "user.key", "token"] {
                let from = case.directory.path().join(name);
                std::fs::copy(from, case.home().join(".kube").join(name)).expect("it can be copied");
            }
            if self.chance(20) {
                case.variables.push(("KUBECONFIG".to_owned(), String::new()));
            }
            return;
        }
        if count == 1 && self.chance(30) {
            case.flags.extend(["--kubeconfig".to_owned(), paths.remove(0)]);
            if self.chance(30) {
                case.variables.push(("KUBECONFIG".to_owned(), "/nowhere".to_owned()));
            }
            return;
        }
        if self.chance(15) {
            let extra = self.pick(&["/nowhere/config", "", "/dev/null"]).to_owned();
            let at = self.random.random_range(0..=paths.len());
            paths.insert(at, extra);
        }
        if self.chance(10) {
            paths.push(paths[0].clone());
        }
        case.variables.push(("KUBECONFIG".to_owned(), paths.join(":")));
    }

    fn kubeconfig(&mut self) -> String {
        let mut text = String::new();
        match self.random.random_range(0..10) {
            0 => {}
            1 => text.push_str("kind: Config\n"),
            2 => text.push_str("apiVersion: v1\nkind: Config\npreferences: {}\nextensions: null\n"),
            3 => text.push_str("# a comment\n---\napiVersion: v1\nkind: Config\n"),
            4 => text.push_str("apiVersion: v1\nkind: Config\nunknown: {a: 1}\n"),
            _ => text.push_str("apiVersion: v1\nkind: Config\n"),
        }
        let clusters = self.entries(&CLUSTERS, &UNUSED, Self::cluster);
        let users = self.entries(&USERS, &UNUSED_USERS, Self::user);
        let contexts = self.entries(&CONTEXTS, &UNUSED_CONTEXTS, Self::context);
        let current = match self.roll(40) {
            0 => "current-context: \"\"\n".to_owned(),
            1 => String::new(),
            2 => "current-context: null\n".to_owned(),
            3 => "current-context: nosuch\n".to_owned(),
            _ => format!("current-context: {}\n", self.pick(&CONTEXTS)),
        };
        let _ = write!(text, "{clusters}{users}{contexts}{current}");
        match self.roll(150) {
            0 => text.push_str("current-context: work\n"),
            1 => text = text.replace('\n', "\r\n"),
            2 => text.push_str("users: []\n"),
            3 => text.push_str("}\n"),
            4 => text.push_str("contexts: {}\n"),
            5 => text.push_str("clusters: [{name: one, cluster: {server: 5}}]\n"),
            6 => text.push_str("--- {}\n"),
            7 => text = text.replace("kind: Config", "kind: Pod"),
            8 => text = text.replace("apiVersion: v1", "apiVersion: v2"),
            _ => {}
        }
        text
    }

    fn entries(&mut self, names: &[&str], unused: &[&str], entry: fn(&mut Self, &str) -> String) -> String {
        let list = match names[0] {
            "one" => "clusters",
            "alice" => "users",
            _ => "contexts",
        };
        if self.chance(3) {
            return self.pick(&["", &format!("{list}: null\n"), &format!("{list}: []\n")]).to_owned();
        }
        let mut entries: Vec<String> = Vec::new();
        for name in names {
            if self.chance(97) {
                entries.push(entry(self, name));
            }
        }
        if self.chance(15) {
            let at = self.random.random_range(0..=entries.len());
            entries.insert(at, self.pick(unused).to_owned());
        }
        if self.chance(1) {
            entries.push("null".to_owned());
        }
        if self.chance(1) && !entries.is_empty() {
            entries.push(entries[0].clone());
        }
        format!("{list}:\n- {}\n", entries.join("\n- "))
    }

    fn cluster(&mut self, name: &str) -> String {
        let port = |name| self.servers.ports[name];
        let (east, west, plain) = (port("east"), port("west"), port("plain"));
        let (http_proxy, socks, socks_login) = (port("http-proxy"), port("socks"), port("socks-login"));
        let (server, authority) = match self.roll(40) {
            0 => (format!("https://localhost:{east}"), "east"),
            1 => (format!("HTTPS://127.0.0.1:{east}/"), "east"),
            2 | 3 => (format!("https://127.0.0.1:{west}"), "west"),
            4 => (format!("http://127.0.0.1:{plain}"), ""),
            5 => (format!("127.0.0.1:{plain}"), ""),
            6 => (format!("localhost:{plain}"), ""),
            7 => (format!("\"https://127.0.0.1:{east}/?a=b#c\""), "east"),
            8 => (format!("127.0.0.1:{east}"), "east"),
            9 => (format!("127.0.0.1:{plain}/path"), ""),
            10 => (
                self.pick(&["\"\"", "null", "https://", "ftp://127.0.0.1", "\"https://a b\"", "http://:1"])
                    .to_owned(),
                "",
            ),
            11 | 12 => ("https://east.test:6443".to_owned(), "east"),
            13 => ("https://west.test".to_owned(), "west"),
            15 => (format!("https://127.0.0.1:{east}/k8s/clusters/c-1"), "east"),
            16 => (format!("https://127.0.0.1:{east}/k8s/clusters/c-1/"), "east"),
            17 => (format!("https://LOCALHOST:{east}"), "east"),
            18 => ("\"https://east.test:\"".to_owned(), "east"),
            19 => (format!("https://user:word@127.0.0.1:{east}"), "east"),
            20 => (format!("\" https://127.0.0.1:{east}\""), "east"),
            21 => (format!("https://[::1]:{east}"), "east"),
            22 => (format!("&server https://127.0.0.1:{east}"), "east"),
            14 => ("http://plain.test".to_owned(), ""),
            _ => (format!("https://127.0.0.1:{east}"), "east"),
        };
        let mut fields = vec![format!("server: {server}")];
        match (authority, self.roll(32)) {
            ("", 0..30) => {}
            ("", _) => fields.push("certificate-authority: /nowhere/ca.crt".to_owned()),
            (_, 0) => fields.push("insecure-skip-tls-verify: true".to_owned()),
            (of, 1) => {
                fields.push("insecure-skip-tls-verify: true".to_owned());
                fields.push(format!("certificate-authority: {}", self.file(&format!("{of}-ca.crt"))));
            }
            ("east", 2 | 3) => fields.push("certificate-authority: ca.crt".to_owned()),
            ("east", 4) => fields.push("certificate-authority: ./ca.crt".to_owned()),
            (of, 5) => {
                let data = self.servers.data(&format!("{of}-ca.crt"));
                fields.push(format!("certificate-authority: {}", self.file(&format!("{of}-ca.crt"))));
                fields.push(format!("certificate-authority-data: {data}"));
            }
            (_, 6) => {
                let name = self.pick(&["west-ca.crt", "alice.key", "empty", "nosuch"]);
                fields.push(format!("certificate-authority: {}", self.file(name)));
            }
            (of, 11) => fields.push(format!("certificate-authority: {}", self.file(&format!("{of}.crt")))),
            (of, 12) => {
                fields.push(format!("certificate-authority: {}", self.file(&format!("{of}-bundle.crt"))));
            }
            (of, 13) => {
                let word = self.pick(&["yes", "on", "True", "\"true\"", "1", "!!bool true"]);
                fields.push(format!("insecure-skip-tls-verify: {word}"));
                if self.chance(50) {
                    fields.push(format!("certificate-authority: {}", self.file(&format!("{of}-ca.crt"))));
                }
            }
            (of, 7 | 8) => {
                fields.push("certificate-authority-data: \"\"".to_owned());
                fields.push(format!("certificate-authority: {}", self.file(&format!("{of}-ca.crt"))));
            }
            (of, 9) => {
                let data = self.servers.data(&format!("{of}-ca.crt"));
                fields.push(format!("certificate-authority-data: {data}"));
                fields.push("certificate-authority: \"\"".to_owned());
                fields.push("insecure-skip-tls-verify: false".to_owned());
            }
            (_, 10) if self.chance(20) => fields.push("certificate-authority-data: \"?\"".to_owned()),
            (of, _) => fields
                .push(format!("certificate-authority-data: {}", self.servers.data(&format!("{of}-ca.crt")))),
        }
        match self.roll(40) {
            0 => fields.push("tls-server-name: \"\"".to_owned()),
            1 => fields.push("tls-server-name: localhost".to_owned()),
            2 => fields.push("tls-server-name: other.example".to_owned()),
            3 => fields.push("tls-server-name: east.test".to_owned()),
            _ => {}
        }
        let needs_proxy = server.contains(".test");
        if self.chance(if needs_proxy { 80 } else { 15 }) {
            let proxy = match self.roll(8) {
                0 => format!("http://127.0.0.1:{http_proxy}"),
                1 => format!("http://user:pass%40word@127.0.0.1:{http_proxy}"),
                2 => format!("socks5://127.0.0.1:{socks}"),
                3 | 4 => format!("socks5://user:pass%40word@127.0.0.1:{socks_login}"),
                5 => format!("socks5://user:wrong@127.0.0.1:{socks_login}"),
                6 => self.pick(&["\"\"", "null", "ftp://127.0.0.1", "127.0.0.1:3128", "\":\""]).to_owned(),
                _ => format!("http://127.0.0.1:{http_proxy}/"),
            };
            fields.push(format!("proxy-url: {proxy}"));
        }
        if self.chance(5) {
            fields.push(
                "disable-compression: true, unknown: {a: b}, extensions: [{name: x, extension: {a: 1}}]"
                    .to_owned(),
            );
        }
        if self.chance(3) {
            fields.push(fields[0].clone());
        }
        format!("{{name: {name}, cluster: {{{}}}}}", fields.join(", "))
    }

    fn user(&mut self, name: &str) -> String {
        let person = if name == "bob" { "bob" } else { "alice" };
        let files = format!(
            "client-certificate: {}, client-key: {}",
            self.file(&format!("{person}.crt")),
            self.file(&format!("{person}.key"))
        );
        let data = format!(
            "client-certificate-data: {}, client-key-data: {}",
            self.servers.data(&format!("{person}.crt")),
            self.servers.data(&format!("{person}.key"))
        );
        let token_file = self.file(&format!("{person}.token"));
        let mut fields: Vec<String> = match self.roll(48) {
            0 => vec![],
            1 => vec![files],
            2 => vec![data],
            3 => vec!["client-certificate: user.crt, client-key: ./user.key".to_owned()],
            4 => vec![data, format!("token: {name}-token")],
            5 => vec![files, "client-certificate-data: \"\", client-key-data: \"\"".to_owned()],
            6 => vec![
                data,
                "client-certificate: \"\", client-key: \"\", token: \"\", tokenFile: \"\"".to_owned(),
            ],
            7 => vec![data, files],
            8 => vec![format!("client-certificate: {}", self.file("alice.crt"))],
            9 => vec![format!("client-key: {}, token: {name}-token", self.file("alice.key"))],
            10 => vec![format!(
                "client-certificate: {}, client-key: {}",
                self.file("alice.crt"),
                self.file("bob.key")
            )],
            11 => vec!["client-certificate: /nowhere, client-key: /nowhere".to_owned()],
            12 => vec![format!("tokenFile: {token_file}")],
            13 => vec![format!("tokenFile: {token_file}, token: {name}-token")],
            14 => vec![format!("tokenFile: /nowhere, token: {name}-token")],
            15 => vec!["tokenFile: /nowhere".to_owned()],
            16 => vec!["tokenFile: token".to_owned()],
            17 => vec![format!("username: {name}, password: \"a:b\"")],
            18 => vec![format!("username: {name}, password: x, token: {name}-token")],
            19 => vec![format!("username: {name}")],
            20 => vec![format!("password: x, {data}")],
            21..=24 => self.plugin(name),
            25 => vec![format!("username: \"\", password: \"\", token: {name}-token")],
            26 => vec![
                self.pick(&[
                    "token: 12345",
                    "token: 0x1F",
                    "token: yes",
                    "token: 2020-01-01",
                    "token: !!str 5",
                    "token: [a]",
                    "token: ~",
                    "token: >\n    folded\n",
                ])
                .to_owned(),
            ],
            41 => vec![format!("\"token\": \"{name}-token\", 'tokenFile': ''")],
            42 => vec![format!("token: {name}-token, Token: other, TOKEN: other")],
            43 => vec![format!("<<: {{token: {name}-token}}")],
            27..=32 => vec![data],
            33..=36 => vec![files],
            37..=40 => vec![format!("tokenFile: {token_file}")],
            _ => vec![format!("token: {name}-token")],
        };
        match self.roll(30) {
            0 => fields.push("as: jane".to_owned()),
            1 => fields.push("as: jane, as-groups: [dev, ops], as-uid: \"7\"".to_owned()),
            2 => fields.push("as: jane, as-user-extra: {reason: [a, b], Scope/x: [c]}".to_owned()),
            3 => fields.push("as-groups: [dev]".to_owned()),
            4 => fields.push("as: \"\", as-groups: [], as-uid: \"\", as-user-extra: {}".to_owned()),
            5 => fields.push("auth-provider: null, exec: null, unknown: 1".to_owned()),
            _ => {}
        }
        format!("{{name: {name}, user: {{{}}}}}", fields.join(", "))
    }

    fn plugin(&mut self, name: &str) -> Vec<String> {
        let version = *self.pick(&[
            &"client.authentication.k8s.io/v1beta1",
            &"client.authentication.k8s.io/v1beta1",
            &"client.authentication.k8s.io/v1",
            &"client.authentication.k8s.io/v1alpha1",
            &"\"\"",
        ]);
        let printed = if version == "\"\"" { "client.authentication.k8s.io/v1" } else { version };
        let status = match self.random.random_range(0..8) {
            0 => "\\\"token\\\": \\\"\\\"".to_owned(),
            1 => "\\\"clientCertificateData\\\": \\\"x\\\"".to_owned(),
            2 => format!(
                "\\\"token\\\": \\\"{name}-plugin\\\", \\\"expirationTimestamp\\\": \\\"2099-01-01T00:00:00Z\\\""
            ),
            3 => {
                let pem = |name: String| {
                    let text = std::fs::read_to_string(self.servers.file(&name)).expect("it is there");
                    text.trim().replace('\n', "\\\\n")
                };
                format!(
                    "\\\"clientCertificateData\\\": \\\"{}\\\", \\\"clientKeyData\\\": \\\"{}\\\"",
                    pem("alice.crt".to_owned()),
                    pem("alice.key".to_owned())
                )
            }
            _ => format!("\\\"token\\\": \\\"{name}-plugin\\\""),
        };
        let credential = format!(
            "{{\\\"kind\\\": \\\"ExecCredential\\\", \\\"apiVersion\\\": \\\"{printed}\\\", \\\"status\\\": {{{status}}}}}"
        );
        let command = match self.random.random_range(0..12) {
            0 => "command: /nowhere/plugin".to_owned(),
            1 => "command: \"\"".to_owned(),
            2 => "command: \"false\"".to_owned(),
            3 => "command: echo, args: [hello]".to_owned(),
            4 => format!(
                "command: sh, args: [-c, 'printf %s \"$ANSWER\"'], env: [{{name: ANSWER, value: \"{credential}\"}}]"
            ),
            _ => format!("command: printf, args: [\"%s\", \"{credential}\"]"),
        };
        let mode = self.pick(&[
            "",
            ", interactiveMode: Never",
            ", interactiveMode: IfAvailable",
            ", interactiveMode: Always",
            ", interactiveMode: x",
        ]);
        let mode = if self.random.random_range(0..3) > 0 { ", interactiveMode: IfAvailable" } else { mode };
        let information = if self.chance(20) { ", provideClusterInfo: true" } else { "" };
        let mut fields = vec![format!("exec: {{apiVersion: {version}, {command}{mode}{information}}}")];
        match self.random.random_range(0..8) {
            0 => fields.push("token: \"\"".to_owned()),
            1 => fields.push(format!("token: {name}-token")),
            2 => fields.push(format!("username: {name}, password: x")),
            _ => {}
        }
        fields
    }

    fn context(&mut self, name: &str) -> String {
        let cluster =
            if self.chance(96) { self.pick(&CLUSTERS) } else { self.pick(&["nosuch", "\"\"", "null"]) };
        let user = if self.chance(96) { self.pick(&USERS) } else { self.pick(&["nosuch", "\"\"", "null"]) };
        let namespace = self.pick(&["", "", ", namespace: tests", ", namespace: \"\"", ", namespace: null"]);
        format!("{{name: {name}, context: {{cluster: {cluster}, user: {user}{namespace}}}}}")
    }

    fn proxies(&mut self, case: &mut Case) {
        if !self.chance(25) {
            return;
        }
        let (http_proxy, socks, socks_login) = (
            self.servers.ports["http-proxy"],
            self.servers.ports["socks"],
            self.servers.ports["socks-login"],
        );
        let mut set = |name: &str, value: String| case.variables.push((name.to_owned(), value));
        let proxy = match self.random.random_range(0..8) {
            0 => format!("127.0.0.1:{http_proxy}"),
            1 => format!("http://user:pass%40word@127.0.0.1:{http_proxy}"),
            2 => format!("socks5://127.0.0.1:{socks}"),
            3 => format!("socks5h://127.0.0.1:{socks}"),
            4 => format!("socks5://user:pass%40word@127.0.0.1:{socks_login}"),
            5 => String::new(),
            _ => format!("http://127.0.0.1:{http_proxy}"),
        };
        set("HTTPS_PROXY", proxy);
        if self.chance(30) {
            set("HTTP_PROXY", format!("http://127.0.0.1:{http_proxy}"));
        }
        if self.chance(50) {
            let list = self.pick(&[
                "*",
                "test",
                ".test",
                "*.test",
                "east.test",
                "east.test:6443",
                "EAST.test",
                "east.test:443",
                "xeast.test",
                "east",
                ",",
                ",, <local>",
                "10.0.0.0/8",
                "10.0.0.0/255.0.0.0,east.test",
                "bücher.example,west.test",
                "\"east.test\"",
                " east.test ,x",
                "[::1]:80",
                "http://east.test",
                "west.test,*",
                "127.0.0.1",
            ]);
            set("NO_PROXY", list.to_owned());
        }
    }

    fn flags(&mut self, case: &mut Case) {
        let mut add = |flag: &str, value: String| case.flags.extend([flag.to_owned(), value]);
        if self.chance(12) {
            add("--context", self.pick(&["work", "home", "old", "nosuch", ""]).to_owned());
        }
        if self.chance(8) {
            add("--cluster", self.pick(&["one", "two", "far", "nosuch", ""]).to_owned());
        }
        if self.chance(8) {
            add("--user", self.pick(&["alice", "bob", "carol", "nosuch", ""]).to_owned());
        }
        if self.chance(10) {
            let server = match self.random.random_range(0..5) {
                0 => format!("http://127.0.0.1:{}", self.servers.ports["plain"]),
                1 => format!("127.0.0.1:{}", self.servers.ports["plain"]),
                2 => String::new(),
                _ => format!("https://127.0.0.1:{}", self.servers.ports["east"]),
            };
            add(self.pick(&["--server", "-s"]), server);
        }
        if self.chance(8) {
            add("--token", self.pick(&["flag-token", ""]).to_owned());
        }
        if self.chance(5) {
            add("--tls-server-name", self.pick(&["localhost", "other.example", ""]).to_owned());
        }
        if self.chance(6) {
            let name = self.pick(&["east-ca.crt", "west-ca.crt", "nosuch"]);
            add("--certificate-authority", self.file(name));
        }
        if self.chance(5) {
            add("--client-certificate", self.file("bob.crt"));
            if self.chance(80) {
                add("--client-key", self.file("bob.key"));
            }
        }
        if self.chance(8) {
            add("--as", self.pick(&["jane", ""]).to_owned());
        }
        if self.chance(4) {
            add("--as-group", "dev".to_owned());
            add("--as-group", "ops".to_owned());
        }
        if self.chance(3) {
            add("--as-uid", "7".to_owned());
        }
        if self.chance(6) {
            let flag = self.pick(&[
                "--insecure-skip-tls-verify",
                "--insecure-skip-tls-verify=true",
                "--insecure-skip-tls-verify=false",
            ]);
            case.flags.push(flag.to_owned());
        }
    }
}
