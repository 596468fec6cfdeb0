//! Users and groups by container and id.
//!
//! The host's container id is empty. Names come from the capture's user list and from its user and group events; a
//! capture never asks the machine it is replayed on. The superuser and its group are known without being told, on the
//! host. Names that start with `+` or `-` (directory service entries of passwd(5)) are ignored.

use hashbrown::HashMap;

type Table<V> = HashMap<u32, V, foldhash::fast::RandomState>;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of passwd(5)")]
pub struct User {
    pub uid: u32,
    pub gid: u32,
    pub name: Box<[u8]>,
    pub home: Box<[u8]>,
    pub shell: Box<[u8]>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of group(5)")]
pub struct Group {
    pub gid: u32,
    pub name: Box<[u8]>,
}

/// Users and groups of one container or of the host.
#[derive(Debug, Clone, Default)]
struct Directory {
    users: Table<User>,
    groups: Table<Group>,
}

/// All users and groups.
#[derive(Debug, Clone, Default)]
pub struct Users {
    host: Directory,
    containers: HashMap<Box<[u8]>, Directory, foldhash::fast::RandomState>,
    /// How often something changed.
    changes: u64,
}

impl Users {
    /// The user with an id in a container (empty: on the host).
    pub fn user(&self, container: &[u8], uid: u32) -> Option<&User> {
        self.directory(container)?.users.get(&uid)
    }

    /// The group with an id in a container (empty: on the host).
    pub fn group(&self, container: &[u8], gid: u32) -> Option<&Group> {
        self.directory(container)?.groups.get(&gid)
    }

    /// A number that rises when anything changes.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// A user event or a row of the user list. A user that is known keeps its group, as in the original.
    pub fn add_user(&mut self, container: &[u8], user: User) {
        if is_directory_entry(&user.name) {
            return;
        }
        let users = &mut self.directory_mut(container).users;
        let gid = users.get(&user.uid).map_or(user.gid, |known| known.gid);
        users.insert(user.uid, User { gid, ..user });
    }

    /// A group event or a row of the group list.
    pub fn add_group(&mut self, container: &[u8], group: Group) {
        if !is_directory_entry(&group.name) {
            self.directory_mut(container).groups.insert(group.gid, group);
        }
    }

    /// The user was deleted.
    pub(super) fn remove_user(&mut self, container: &[u8], uid: u32) {
        self.directory_mut(container).users.remove(&uid);
    }

    /// The group was deleted.
    pub(super) fn remove_group(&mut self, container: &[u8], gid: u32) {
        self.directory_mut(container).groups.remove(&gid);
    }

    /// A process of the host runs as this user and group: makes the superuser and its group known.
    pub(super) fn seen(&mut self, uid: u32, gid: u32) {
        if uid == 0 {
            self.seen_user(gid);
        }
        if gid == 0 {
            self.seen_group();
        }
    }

    /// A process of the host became the superuser; `gid` is its group.
    pub(super) fn seen_user(&mut self, gid: u32) {
        if !self.host.users.contains_key(&0) {
            let (name, home, shell) = (b"root"[..].into(), b"/root"[..].into(), super::NA.into());
            self.directory_mut(b"").users.insert(0, User { uid: 0, gid, name, home, shell });
        }
    }

    /// A process of the host got the superuser's group.
    pub(super) fn seen_group(&mut self) {
        if !self.host.groups.contains_key(&0) {
            self.directory_mut(b"").groups.insert(0, Group { gid: 0, name: b"root"[..].into() });
        }
    }

    fn directory(&self, container: &[u8]) -> Option<&Directory> {
        if container.is_empty() { Some(&self.host) } else { self.containers.get(container) }
    }

    /// All changes are made through this.
    fn directory_mut(&mut self, container: &[u8]) -> &mut Directory {
        self.changes += 1;
        if container.is_empty() { &mut self.host } else { self.containers.entry(container.into()).or_default() }
    }
}

fn is_directory_entry(name: &[u8]) -> bool {
    matches!(name.first(), Some(b'+' | b'-'))
}
