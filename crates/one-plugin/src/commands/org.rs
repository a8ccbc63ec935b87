//! Organisations of this program's own store.

use futures::executor::block_on;
use one_ontology::{
    ChangeSet, Clock as _, EventId, EventType, Membership, NewEvent, Person, PersonQuery, Plan,
    RandomIds, Role, RowId, SystemClock,
};
use serde_json::json;

use crate::cli::OrgCommand;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::{Session, group_id, person_id};

pub(crate) fn org(session: &Session, command: &OrgCommand, output: &Output) -> Result<(), Failure> {
    match command {
        OrgCommand::Create { name, plan } => create(session, name, plan, output),
        OrgCommand::Show => show(session, output),
        OrgCommand::AddMember { member, role } => add_member(session, member, role, output),
        OrgCommand::Archive => archive(session, output),
    }
}

fn create(session: &Session, name: &str, plan: &str, output: &Output) -> Result<(), Failure> {
    let plan: Plan = plan.parse()?;
    if block_on(session.store.group(group_id(name)))?.is_some() {
        let message = format!("there already is an organisation `{name}`");
        return Err(Failure::new("AlreadyExists", message));
    }
    let owner = session.person();
    let id = session.create_org(name, plan, owner)?;
    output.say(&json!({"group": id, "name": name, "plan": plan}), || {
        format!("`{name}` is there, on plan {plan}; `{owner}` owns it")
    });
    Ok(())
}

fn show(session: &Session, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let group = tenant.group();
    let mut query = PersonQuery::default();
    let mut rows = Vec::new();
    loop {
        let page = block_on(session.store.people(tenant.scope(), &query))?;
        for person in page.items {
            let membership = session.store.membership(person.id, tenant.scope().place());
            let role = block_on(membership)?.map(|membership| membership.role);
            rows.push((person.display_name, role));
        }
        match page.next {
            Some(cursor) => query.cursor = Some(cursor),
            None => break,
        }
    }
    let value = json!({"group": group.id, "name": group.name, "plan": group.plan, "people": rows});
    output.say(&value, || {
        let mut lines = vec![format!("`{}`, on plan {}", group.name, group.plan)];
        lines.extend(rows.iter().map(|(name, role)| {
            let role = role.as_ref().map_or("-", Role::as_str);
            format!("  {name:<20} {role}")
        }));
        lines.join("\n")
    });
    Ok(())
}

fn add_member(session: &Session, person: &str, role: &str, output: &Output) -> Result<(), Failure> {
    let role: Role = role.parse()?;
    let tenant = session.tenant()?;
    owners_only(&tenant)?;
    let (scope, now, id) = (tenant.scope(), SystemClock.now(), person_id(person));
    let event = NewEvent::new(
        EventId::new(&RandomIds, now),
        EventType::UserJoinedGroup,
        Some(id.into()),
    )
    .with("role", role.as_str());
    let changes = ChangeSet::new(scope, event, now);
    let place = scope.place();
    let changes = match block_on(session.store.membership(id, place))? {
        Some(mut membership) => {
            membership.role = role;
            membership.status = one_ontology::MembershipStatus::Active;
            changes.replace(membership)
        }
        None => changes.insert(Membership::new(id, place, role, now)),
    };
    let changes = match block_on(session.store.person(scope, id))? {
        Some(_) => changes,
        None => changes.insert(Person::new(scope, id, person, now)),
    };
    block_on(session.store.commit(changes))?;
    output.say(&json!({"person": id, "role": role}), || {
        format!("`{person}` is {role} of `{}`", tenant.group().name)
    });
    Ok(())
}

fn archive(session: &Session, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    owners_only(&tenant)?;
    let now = SystemClock.now();
    let group = tenant.group();
    let event = NewEvent::new(
        EventId::new(&RandomIds, now),
        EventType::GroupUpdated,
        Some(group.id.into()),
    )
    .with("status", "archived");
    let changes =
        ChangeSet::new(tenant.scope(), event, now).archive(RowId::Group(group.id), group.revision);
    block_on(session.store.commit(changes))?;
    output.say(&json!({"group": group.id}), || {
        format!(
            "`{}` is archived: everything is kept, nothing can be done in it",
            group.name
        )
    });
    Ok(())
}

fn owners_only(tenant: &plugin_lifecycle::Tenant) -> Result<(), Failure> {
    match tenant.scope().role() {
        Role::PlatformOwner | Role::GroupOwner => Ok(()),
        role => Err(Failure::new(
            "OperationDenied",
            format!("a {role} may not change the organisation"),
        )),
    }
}
