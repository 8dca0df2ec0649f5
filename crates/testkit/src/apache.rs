//! Debian's Apache in front of `git http-backend`.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::git::{git_environment, git_program, output};
use crate::program::require;
use crate::server::Server;
use crate::temp::tmp;
use crate::tls::Certificates;

/// The modules that Debian enables by itself, and those of `a2enmod cgid`.
const MODULES: [&str; 20] = [
    "mpm_event",
    "access_compat",
    "alias",
    "auth_basic",
    "authn_core",
    "authn_file",
    "authz_core",
    "authz_host",
    "authz_user",
    "autoindex",
    "cgid",
    "deflate",
    "dir",
    "env",
    "filter",
    "mime",
    "negotiation",
    "reqtimeout",
    "setenvif",
    "status",
];

/// The modules of `a2enmod ssl http2`.
const TLS_MODULES: [&str; 3] = ["socache_shmcb", "ssl", "http2"];

/// Where Debian keeps them.
const MODULE_DIRECTORY: &str = "/usr/lib/apache2/modules";

/// An Apache as Debian configures it (event workers, CGI daemon, `mod_reqtimeout`), with
/// `git-http-backend(1)` for all repositories below a directory, for reading and writing.
///
/// Started by root it serves as `www-data`; [`Repo`](crate::Repo) makes repositories that this user can
/// write. The configuration, logs and sockets are in a directory of its own, removed when the handle is
/// dropped; nothing below `/etc/apache2` is read.
#[derive(Debug)]
pub struct Apache {
    server: Server,
    certificates: Option<Certificates>,
    directory: TempDir,
}

/// How an [`Apache`] is configured.
#[derive(Debug)]
pub struct ApacheBuilder {
    root: PathBuf,
    version_0: bool,
    tls: bool,
    basic: Option<(String, String)>,
}

impl ApacheBuilder {
    /// The `Git-Protocol` header does not reach git, which then speaks version 0.
    #[must_use]
    pub fn version_0(mut self) -> ApacheBuilder {
        self.version_0 = true;
        self
    }

    /// HTTPS, with HTTP/2 and HTTP/1.1, and a certificate of its own authority.
    #[must_use]
    pub fn tls(mut self) -> ApacheBuilder {
        self.tls = true;
        self
    }

    /// Asks for this user name and password.
    #[must_use]
    pub fn basic(mut self, user: &str, password: &str) -> ApacheBuilder {
        self.basic = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// Starts it, and waits until it serves.
    ///
    /// # Panics
    ///
    /// When Apache is not installed or does not start, with its error log.
    pub fn start(self) -> Apache {
        let program = require("apache2");
        let directory = tmp();
        let certificates = self.tls.then(Certificates::make);
        if let Some((user, password)) = &self.basic {
            let mut htpasswd = Command::new(require("htpasswd"));
            htpasswd
                .arg("-ic")
                .arg(directory.path().join("passwords"))
                .arg(user);
            output(&mut htpasswd, password.as_bytes());
        }
        let config = directory.path().join("apache2.conf");
        let start = |port: u16| {
            let text = self.config(directory.path(), certificates.as_ref(), port);
            fs::write(&config, text).expect("the directory is ours to write");
            let mut command = Command::new(&program);
            command.arg("-DFOREGROUND").arg("-f").arg(&config);
            let path = git_environment().into_iter().filter(|(key, _)| key == "PATH");
            command.env_clear().envs(path).env("LANG", "C");
            let errors = fs::File::create(directory.path().join("stderr")).expect("the directory is ours");
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors);
            command
        };
        let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap_or_default();
        // Apache listens before it has read all of its configuration; the file comes after.
        let pid_file = directory.path().join("pid");
        let server = Server::start(
            "apache2",
            start,
            || pid_file.exists(),
            || read("stderr") + &read("error.log"),
        );
        Apache {
            server,
            certificates,
            directory,
        }
    }

    fn config(&self, directory: &Path, certificates: Option<&Certificates>, port: u16) -> String {
        let own = directory.display();
        let mut modules: Vec<&str> = MODULES.to_vec();
        if self.tls {
            modules.extend(TLS_MODULES);
        }
        if self.version_0 {
            modules.push("headers");
        }
        let mut config: String = modules
            .iter()
            .map(|name| format!("LoadModule {name}_module {MODULE_DIRECTORY}/mod_{name}.so\n"))
            .collect();
        config += &format!(
            "ServerRoot {own}\n\
             ServerName localhost\n\
             Listen 127.0.0.1:{port}\n\
             PidFile {own}/pid\n\
             TypesConfig /etc/mime.types\n\
             ScriptSock {own}/cgisock\n\
             Mutex file:{own} default\n\
             ErrorLog {own}/error.log\n\
             CustomLog {own}/access.log \"%H %m %U%q %>s\"\n"
        );
        config += DEBIAN;
        if rustix::process::geteuid().is_root() {
            config += "User www-data\nGroup www-data\n";
        }
        config += &self.git_config();
        if let Some(certificates) = certificates {
            config += &format!(
                "SSLEngine on\nSSLCertificateFile {}\nSSLCertificateKeyFile {}\nProtocols h2 http/1.1\n",
                certificates.certificate().display(),
                certificates.key().display()
            );
        }
        if self.version_0 {
            config += "RequestHeader unset Git-Protocol early\n";
        }
        let access = match self.basic {
            None => "Require all granted\n".to_owned(),
            Some(_) => format!(
                "AuthType Basic\nAuthName testkit\nAuthUserFile {own}/passwords\nRequire valid-user\n"
            ),
        };
        config + &format!("<Location /git>\n{access}</Location>\n")
    }

    /// What `git-http-backend(1)` tells to write, and the hermetic environment.
    fn git_config(&self) -> String {
        let settings = [("http.receivepack", "true"), ("safe.directory", "*")];
        let mut config = format!(
            "SetEnv GIT_PROJECT_ROOT {}\nSetEnv GIT_HTTP_EXPORT_ALL 1\nSetEnv GIT_CONFIG_COUNT {}\n",
            self.root.display(),
            settings.len()
        );
        for (index, (key, value)) in settings.iter().enumerate() {
            config +=
                &format!("SetEnv GIT_CONFIG_KEY_{index} {key}\nSetEnv GIT_CONFIG_VALUE_{index} {value}\n");
        }
        // Apache gives its own PATH to programs.
        for (key, value) in git_environment().into_iter().filter(|(key, _)| key != "PATH") {
            config += &format!(
                "SetEnv {} \"{}\"\n",
                key.to_string_lossy(),
                value.to_string_lossy()
            );
        }
        let backend = git_program("git-http-backend");
        let around = backend.parent().expect("a program is in a directory");
        config += &format!("ScriptAlias /git/ {}/\n", backend.display());
        config
            + &format!(
                "<Directory {}>\nOptions +ExecCGI\nRequire all granted\n</Directory>\n",
                around.display()
            )
    }
}

/// Debian's values, from `apache2.conf`, `mods-available/mpm_event.conf` and `mods-available/reqtimeout.conf`.
const DEBIAN: &str = "\
Timeout 300
KeepAlive On
MaxKeepAliveRequests 100
KeepAliveTimeout 5
HostnameLookups Off
LogLevel warn
StartServers 2
MinSpareThreads 25
MaxSpareThreads 75
ThreadLimit 64
ThreadsPerChild 25
MaxRequestWorkers 150
MaxConnectionsPerChild 0
RequestReadTimeout header=20-40,minrate=500
RequestReadTimeout body=10,minrate=500
<Directory />
Options FollowSymLinks
AllowOverride None
Require all denied
</Directory>
";

impl Apache {
    /// Serves the repositories below `root` over plain HTTP, in every protocol version.
    ///
    /// # Panics
    ///
    /// When Apache is not installed or does not start, with its error log.
    pub fn start(root: impl AsRef<Path>) -> Apache {
        Apache::builder(root).start()
    }

    /// Serves the repositories below `root` in another way.
    pub fn builder(root: impl AsRef<Path>) -> ApacheBuilder {
        ApacheBuilder {
            root: root.as_ref().to_owned(),
            version_0: false,
            tls: false,
            basic: None,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The URL of a repository by its path below the root.
    pub fn url(&self, repository: &str) -> String {
        let scheme = if self.certificates.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}/git/{repository}", self.server.address)
    }

    /// The certificate of the authority that a client has to trust, as a PEM file.
    ///
    /// # Panics
    ///
    /// When the server speaks plain HTTP.
    pub fn ca_pem_path(&self) -> PathBuf {
        self.certificates
            .as_ref()
            .expect("only an HTTPS server has an authority")
            .authority()
    }

    /// One line for each request that has ended: protocol, method, path with query, status.
    pub fn access_log(&self) -> String {
        self.read("access.log")
    }

    /// What Apache, and git's backends through it, complained about.
    pub fn error_log(&self) -> String {
        self.read("error.log")
    }

    fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.directory.path().join(name)).expect("Apache opens its logs when it starts");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
