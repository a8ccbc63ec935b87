//! The role matrix, every cell.

use one_ontology::{Place, Role, Scope};
use plugin_lifecycle::{Operation, Permit, permit, permit_in};

const MATRIX: &str = include_str!("role_matrix.txt");

#[test]
fn every_cell_of_the_matrix_holds() {
    let mut cells = 0;
    let mut lines = MATRIX.lines();
    let header: Vec<&str> = lines.next().unwrap().split_whitespace().skip(2).collect();
    let roles: Vec<Role> = header.iter().map(|role| role.parse().unwrap()).collect();
    for line in lines {
        let mut words = line.split_whitespace();
        let operation: Operation = words.next().unwrap().parse().unwrap();
        for (role, cell) in roles.iter().zip(words) {
            assert_eq!(
                permit(*role, operation).as_str(),
                cell,
                "{role} {operation}"
            );
            cells += 1;
        }
    }
    assert_eq!(cells, 132);
    assert_eq!(Operation::ALL.len(), 33);
}

#[test]
fn who_may_only_read_changes_nothing() {
    let system = Scope::system("test".parse().unwrap(), Place::Global);
    for operation in Operation::ALL {
        assert_eq!(permit_in(&system, *operation), Permit::Allow);
    }
}
