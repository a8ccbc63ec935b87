//! What a lock protects on the way to an installation.

use futures::executor::block_on;
use plugin_lifecycle::{Asked, InstallPlan, ManagerError};
use plugin_resolver::{Lock, Request, Unlock};

use crate::world::{KNOWLEDGE, SQL, World};

fn plan(world: &World, how: Request) -> Result<InstallPlan, ManagerError> {
    let asked = Asked {
        name: KNOWLEDGE.parse().unwrap(),
        spec: None,
    };
    block_on(world.tenant("alice", "acme").plan(&asked, how))
}

#[test]
fn bytes_that_are_not_those_of_the_lock_are_not_installed() {
    let world = World::new();
    let lock = plan(&world, Request::new()).unwrap().lock;
    let text = lock.to_json();
    assert!(plan(&world, Request::new().prefer(lock.clone())).is_ok());
    let at = text.find(&format!("\"{SQL}\": {{")).unwrap();
    let (before, of_sql) = text.split_at(at);
    let other = of_sql.replacen(&"A".repeat(86), &"B".repeat(86), 1);
    let other = Lock::parse(&format!("{before}{other}")).unwrap();
    assert_ne!(other, lock);
    let preferring = Request::new().prefer(other);
    let refused = plan(&world, preferring.clone()).unwrap_err();
    assert_eq!(refused.tag(), "LockDrifted");
    assert!(refused.to_string().contains(SQL), "{refused}");
    let unlocked = preferring.unlock(Unlock::Only([SQL.parse().unwrap()].into()));
    assert_eq!(plan(&world, unlocked).unwrap().lock, lock);
}
