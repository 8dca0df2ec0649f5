//! Runs that may not reach every host.

use engine::error::{Fault, Retry};
use engine::reach::Reach;
use engine::side::Side;
use testkit::{HttpServer, Then, When};

use crate::mirror::{Done, Mirror};
use crate::scene::Scene;

/// Both sides may be on these hosts only.
fn only(mirror: Mirror, hosts: &[String]) -> Mirror {
    let reach = Reach::Only(hosts.iter().map(|host| host.parse().unwrap()).collect());
    mirror.with(|request| {
        request.ends.source.reach = reach.clone();
        request.ends.target.reach = reach;
    })
}

/// The run went nowhere, and says so of this side.
#[track_caller]
fn assert_out_of_reach(done: &Done, side: Side, host: &str) {
    let error = done.report.error.as_ref().unwrap();
    assert!(
        matches!(&error.kind, Fault::OutOfReach { host: found, .. } if found == host),
        "{error}"
    );
    assert_eq!((error.side, error.retry(), done.exit()), (side, Retry::Never, 1));
}

fn host(server: &HttpServer) -> String {
    server.address().to_string()
}

#[tokio::test]
async fn a_host_that_is_listed_is_reached_on_its_port_alone() {
    let scene = Scene::new();
    only(scene.mirror(), &[host(&scene.server)]).run().await.ok();
    scene.assert_same();
    let other = HttpServer::start(scene.folder.path());
    let mirror = Mirror::new(&scene.server.url("source.git"), &other.url("target.git"));
    let done = only(mirror, &[host(&scene.server)]).run().await;
    assert_out_of_reach(&done, Side::Target, "127.0.0.1");
    assert_eq!(other.requests().len(), 0);
}

#[tokio::test]
async fn a_redirect_leads_to_no_host_that_is_not_listed() {
    for status in [301, 302, 307, 308] {
        let scene = Scene::new();
        let inside = HttpServer::start(scene.folder.path());
        let base = inside.base_url().replace("127.0.0.1", "localhost");
        scene.server.on(When::any(), Then::Redirect { status, base });
        let listed = [host(&scene.server)];
        let done = only(scene.mirror(), &listed).run().await;
        assert!(
            matches!(&done.report.error.as_ref().unwrap().kind, Fault::OutOfReach { host, .. } if host == "localhost"),
            "{}",
            done.error()
        );
        assert_eq!(inside.requests().len(), 0);
        // The same redirect to a host that is listed is followed.
        let listed = [
            host(&scene.server),
            format!("localhost:{}", inside.address().port()),
        ];
        only(scene.mirror(), &listed).run().await.ok();
        scene.assert_same();
    }
}

#[tokio::test]
async fn paths_of_this_machine_are_no_hosts() {
    let scene = Scene::new();
    let done = only(scene.local(), &["localhost".to_owned()]).run().await;
    assert_out_of_reach(&done, Side::Source, "a path of this machine");
}

#[tokio::test]
async fn ssh_and_git_connections_are_looked_at_too() {
    let scene = Scene::new();
    let target = scene.server.url("target.git");
    let listed = [host(&scene.server), "*.1".to_owned()];
    for (url, found) in [
        ("ssh://git@localhost/source.git", "localhost"),
        ("git://localhost/source.git", "localhost"),
        // getaddrinfo(3) reads these as 127.0.0.1.
        ("git://127.1/source.git", "127.1"),
        ("ssh://git@127.1/source.git", "127.1"),
    ] {
        let done = only(Mirror::new(url, &target), &listed).run().await;
        assert_out_of_reach(&done, Side::Source, found);
    }
}
