//! Tokens go where they belong and nowhere else.

use futures::executor::block_on;
use plugin_source_npm::DocumentForm;

use crate::server::{Answer, Server, document, source};

/// What the registry was sent as `authorization` with this configuration, in which `{h}` is its host.
fn sent(npmrc: &str) -> Option<String> {
    let server = Server::start(|_| Answer::ok(document("@acme/p")));
    let npmrc = npmrc.replace("{h}", server.host());
    let (source, _directory) = source(&npmrc, |_| {});
    block_on(source.document("@acme/p", DocumentForm::Full)).unwrap();
    let asked = server.asked();
    asked
        .first()
        .unwrap()
        .header("authorization")
        .map(str::to_owned)
}

#[test]
fn the_longest_prefix_of_host_and_path_decides() {
    for (npmrc, expect) in [
        ("registry=http://{h}/", None),
        (
            "registry=http://{h}/\n//{h}/:_authToken=t",
            Some("Bearer t"),
        ),
        (
            "registry=http://{h}/npm/\n//{h}/:_authToken=t",
            Some("Bearer t"),
        ),
        (
            "registry=http://{h}/npm/\n//{h}/npm/:_authToken=t",
            Some("Bearer t"),
        ),
        (
            "registry=http://{h}/npm/\n//{h}/npm:_authToken=t",
            Some("Bearer t"),
        ),
        (
            "registry=http://{h}/npm/\n//{h}/:_authToken=far\n//{h}/npm/:_authToken=near",
            Some("Bearer near"),
        ),
        ("registry=http://{h}/npm/\n//{h}/other/:_authToken=t", None),
        ("registry=http://{h}/npmx/\n//{h}/npm:_authToken=t", None),
        ("registry=http://{h}/npmx/\n//{h}/npm/:_authToken=t", None),
        (
            "registry=http://{h}/\n//registry.example/:_authToken=t",
            None,
        ),
        ("registry=http://{h}/\n_authToken=t", None),
        ("registry=http://{h}/\n//{h}/:_authToken=", None),
        (
            "registry=http://{h}/\n//{h}/:_auth=dTpw",
            Some("Basic dTpw"),
        ),
        (
            "registry=http://{h}/\n//{h}/:username=u\n//{h}/:_password=cA==",
            Some("Basic dTpw"),
        ),
        ("registry=http://{h}/\n//{h}/:username=u", None),
        (
            "registry=http://{h}/\n//{h}/:_auth=dTpw\n//{h}/:_authToken=t",
            Some("Bearer t"),
        ),
        (
            "@acme:registry=http://{h}/a/\n//{h}/a/:_authToken=t",
            Some("Bearer t"),
        ),
    ] {
        assert_eq!(sent(npmrc).as_deref(), expect, "{npmrc}");
    }
}

/// Who was asked with a token, when a registry with a token redirects to `location`, in which
/// `{a}` is the registry and `{b}` another server, for which there is a token as well.
fn after_redirect(location: &'static str) -> (Vec<bool>, Vec<bool>) {
    let other = Server::start(|_| Answer::ok(document("p")));
    let target = other.url();
    let registry = Server::named("127.0.0.1", |own| {
        let location = location
            .replace("{a}", &format!("http://{own}"))
            .replace("{b}", &target);
        move |asked| match asked.path() {
            "/npm/p" => Answer::status(302).with("location", &location),
            _ => Answer::ok(document("p")),
        }
    });
    let npmrc = format!(
        "registry={}/npm/\n//{}/npm/:_authToken=hush\n//{}/:_authToken=other",
        registry.url(),
        registry.host(),
        other.host()
    );
    let (source, _directory) = source(&npmrc, |_| {});
    block_on(source.document("p", DocumentForm::Full)).unwrap();
    let with = |server: &Server| {
        let asked = server.asked();
        asked
            .iter()
            .map(|a| a.header("authorization").is_some())
            .collect()
    };
    (with(&registry), with(&other))
}

#[test]
fn a_token_stays_with_its_origin_and_path() {
    assert_eq!(after_redirect("/npm/elsewhere"), (vec![true, true], vec![]));
    assert_eq!(after_redirect("{a}/npm/x"), (vec![true, true], vec![]));
    assert_eq!(
        after_redirect("/open/elsewhere"),
        (vec![true, false], vec![])
    );
    assert_eq!(after_redirect("/npm/../open"), (vec![true, false], vec![]));
    assert_eq!(after_redirect("{b}/npm/p"), (vec![true], vec![false]));
}

#[test]
fn a_token_does_not_come_back_with_a_second_redirect() {
    let home = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let back = std::sync::Arc::clone(&home);
    let other = Server::start(move |_| {
        let location = format!("{}/npm/final", back.lock().unwrap());
        Answer::status(302).with("location", &location)
    });
    let target = other.url();
    let registry = Server::start(move |asked| match asked.path() {
        "/npm/p" => Answer::status(302).with("location", &target),
        _ => Answer::ok(document("p")),
    });
    *home.lock().unwrap() = registry.url();
    let npmrc = format!(
        "registry={}/npm/\n//{}/:_authToken=hush",
        registry.url(),
        registry.host()
    );
    let (source, _directory) = source(&npmrc, |_| {});
    block_on(source.document("p", DocumentForm::Full)).unwrap();
    let with: Vec<_> = registry
        .asked()
        .iter()
        .map(|asked| {
            (
                asked.path().to_owned(),
                asked.header("authorization").is_some(),
            )
        })
        .collect();
    let expect = [
        ("/npm/p".to_owned(), true),
        ("/npm/final".to_owned(), false),
    ];
    assert_eq!(with, expect);
    assert!(
        other
            .asked()
            .iter()
            .all(|asked| asked.header("authorization").is_none())
    );
}

#[test]
fn a_refusal_says_whether_credentials_went_along_and_not_which() {
    for (line, expect) in [
        ("", "no credentials are configured"),
        ("//{h}/:_authToken=hush", "are not enough"),
    ] {
        let server = Server::start(|_| Answer::status(401));
        let line = line.replace("{h}", server.host());
        let (source, _directory) = source(&format!("registry={}\n{line}", server.url()), |_| {});
        let error = block_on(source.document("p", DocumentForm::Full)).unwrap_err();
        assert_eq!(error.tag(), "NpmUnauthorized");
        assert!(error.to_string().contains(expect), "{error}");
        assert!(!format!("{error} {error:?}").contains("hush"));
        assert_eq!(server.asked().len(), 1, "asking again cannot help");
    }
}
