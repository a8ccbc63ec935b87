//! People, in order of their names.

use one_ontology::PersonQuery;

use crate::store::kit::Kit;

pub(crate) async fn listed_by_the_bytes_of_their_names(kit: &Kit) {
    let scope = kit.group().await;
    let mut names = ["bob", "Bob", "Ada", "Éva", "Zoë", "ada"];
    for name in names {
        kit.add(&scope, kit.person(&scope, name)).await;
    }
    names.sort_unstable();
    let page = kit
        .store()
        .people(&scope, &PersonQuery::default())
        .await
        .unwrap();
    let found: Vec<_> = page.items.iter().map(|p| p.display_name.as_str()).collect();
    assert_eq!(found, names);
}

pub(crate) async fn listed_by_what_they_are_called_now(kit: &Kit) {
    let scope = kit.group().await;
    let first = kit.person(&scope, "A");
    kit.add(&scope, first.clone()).await;
    kit.add(&scope, kit.person(&scope, "B")).await;
    let mut renamed = kit.store().person(&scope, first.id).await.unwrap().unwrap();
    renamed.display_name = "C".to_owned();
    kit.commit(kit.changes(&scope).replace(renamed)).await;
    let page = kit
        .store()
        .people(&scope, &PersonQuery::default())
        .await
        .unwrap();
    let found: Vec<_> = page.items.iter().map(|p| p.display_name.as_str()).collect();
    assert_eq!(found, ["B", "C"]);
}

pub(crate) async fn members_without_a_record_are_not_listed(kit: &Kit) {
    use one_ontology::{Membership, PersonId, Role};
    let scope = kit.group().await;
    let member = PersonId::new(&kit.ids, kit.now());
    kit.add(
        &scope,
        Membership::new(member, scope.place(), Role::GroupUser, kit.now()),
    )
    .await;
    kit.add(&scope, kit.person(&scope, "No member")).await;
    let store = kit.store();
    let page = store.people(&scope, &PersonQuery::default()).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(store.person(&scope, member).await.unwrap(), None);
    let stranger = page.items[0].id;
    let found = store.membership(stranger, scope.place()).await.unwrap();
    assert_eq!(found, None);
}
