//! What the graph keeps of each object, learnt anew when the object is touched.

use super::Graph;
use crate::authority::{Authority, RoleSide};
use crate::change::Touched;
use crate::inventory::Inventory;
use crate::network::{NetSide, Sender, Stand};
use crate::object::{Object, ObjectKind, account_key};
use crate::tie::is_tied;
use crate::workload::ACCOUNT;
use homeostat_access::account_of;
use homeostat_core::EntityKey;
use std::collections::BTreeSet;

impl Graph {
    /// Learns all that was touched; tells the crowds of machines that this changed.
    pub(super) fn learn(&mut self, inventory: &Inventory, touched: &Touched) -> BTreeSet<EntityKey> {
        let mut crowds = BTreeSet::new();
        for key in &touched.objects {
            self.forget_object(key);
            let object = inventory.object(key);
            let sender = object.and_then(|object| Sender::of(inventory, object));
            self.crowds.put(key, sender.map(|(crowd, _)| crowd), &mut crowds);
            if let Some(object) = object {
                self.learn_object(inventory, object);
            }
        }
        for crowd in &crowds {
            let one = self.crowds.one_of(crowd).and_then(|key| inventory.object(key));
            let sender = one.and_then(|object| Sender::of(inventory, object));
            self.stand(crowd, sender.map(|(_, sender)| Stand::of_sender(sender)));
        }
        crowds
    }

    /// Where something stands from now on; `None` when nothing starts there any more.
    fn stand(&mut self, key: &EntityKey, stand: Option<Stand>) {
        if let Some(old) = self.stands.remove(key) {
            self.starts.take_stand(key, &old);
        }
        if let Some(stand) = stand {
            self.starts.add_stand(key, &stand);
            self.stands.insert(key.clone(), stand);
        }
    }

    fn forget_object(&mut self, key: &EntityKey) {
        if let Some(authority) = self.authorities.remove(key) {
            self.targets.take_principal(&authority);
        }
        let side = self.roles.remove(key);
        self.targets.take(key, side.as_ref());
        self.workloads.remove(key);
        if let Some(side) = self.sides.remove(key) {
            self.starts.take(key, &side);
        }
        self.stand(key, None);
        self.values.remove(key);
        self.accounts.retain(|_, inside| {
            inside.remove(key);
            !inside.is_empty()
        });
    }

    fn learn_object(&mut self, inventory: &Inventory, object: &Object) {
        let key = object.key();
        self.values.insert(key.clone(), self.rules.of(object));
        if object.kind().is_principal() {
            let authority = Authority::of(inventory, object);
            self.targets.add_principal(&authority);
            self.authorities.insert(key.clone(), authority);
        }
        match object.kind() {
            ObjectKind::Role => {
                self.roles.insert(key.clone(), RoleSide::of(object));
            }
            ObjectKind::Workload => {
                self.workloads.insert(key.clone());
            }
            _ => {}
        }
        self.targets.add(object, self.roles.get(key));
        if let Some(side) = NetSide::of(inventory, object) {
            self.starts.add(key, &side);
            self.sides.insert(key.clone(), side);
        }
        if object.kind() == ObjectKind::Subject || Stand::is_place(object) || is_tied(object) {
            self.stand(key, Some(Stand::of(inventory, object)));
        }
        let named = account_of(key.value()).or_else(|| object.attribute(ACCOUNT));
        if let Some(account) = named.filter(|account| !["aws", "*"].contains(account)).and_then(account_key) {
            self.accounts.entry(account).or_default().insert(key.clone());
        }
    }
}

#[cfg(test)]
#[cfg(feature = "documents")]
mod tests {
    use super::super::Left;
    use super::*;
    use crate::object::arn_key;
    use crate::snapshot_aws::Reading;
    use serde_json::{Value, json};

    /// So many networks with a machine each, let in from its own subnet and group, and as many users who may read a bucket.
    fn estate(networks: usize) -> Inventory {
        let each = |made: &dyn Fn(usize) -> Value| (0..networks).map(made).collect::<Vec<_>>();
        let statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
        let users = each(&|at| {
            json!({"Arn": format!("arn:aws:iam::111122223333:user/u{at}"), "UserPolicyList": [
                {"PolicyName": "p", "PolicyDocument": {"Statement": [statement]}}]})
        });
        let whole = json!({"UserDetailList": users}).to_string();
        let mut inventory = Inventory::from_account_authorization(&whole, &Reading::default()).unwrap();
        let instances = each(&|at| {
            json!({"InstanceId": format!("i-{at}"), "Placement": {"AvailabilityZone": "eu-west-1a"},
                "SubnetId": format!("subnet-{at}"), "SecurityGroups": [{"GroupId": format!("sg-{at}")}]})
        });
        let groups = each(&|at| {
            json!({"GroupId": format!("sg-{at}"), "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
                "IpRanges": [{"CidrIp": "10.0.0.0/8"}], "UserIdGroupPairs": [{"GroupId": format!("sg-{at}")}]}]})
        });
        let subnets = each(
            &|at| json!({"SubnetId": format!("subnet-{at}"), "VpcId": format!("vpc-{at}"), "CidrBlock": "10.0.1.0/24"}),
        );
        for document in [
            json!({"Reservations": [{"OwnerId": "111122223333", "Instances": instances}]}),
            json!({"SecurityGroups": groups}),
            json!({"Subnets": subnets}),
        ] {
            inventory.read_document(&document, &Reading::default()).unwrap();
        }
        inventory
    }

    #[test]
    fn an_update_looks_at_what_it_touches_however_much_there_is_besides() {
        let counts = |networks: usize| {
            let mut inventory = estate(networks);
            let mut graph = Graph::build(&inventory);
            let machine = arn_key("arn:aws:ec2:eu-west-1:111122223333:instance/i-1").unwrap();
            let left = Left { principals: true, placed: true };
            let sources = graph.sources(inventory.object(&machine).unwrap(), left).len();
            let shut = json!({"SecurityGroups": [{"GroupId": "sg-1", "IpPermissions": []}]});
            let touched = inventory.read_document(&shut, &Reading::default()).unwrap();
            let changes = graph.update(&inventory, &touched);
            (sources, touched.objects.len(), changes)
        };
        let few = counts(3);
        assert_eq!(few, counts(60));
        // The account, the Internet, the group and the subnet.
        assert_eq!((few.0, few.2.removed), (4, 2));
    }
}
