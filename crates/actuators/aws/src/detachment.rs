//! An instance that serves nobody: in standby in its Auto Scaling group, and out of every target group.
//!
//! It keeps running and keeps its place, so that it can be looked at and put back as it was.

use crate::api::{Api, Local, Reply, Service};
use homeostat_response::{ActError, Observed};
use serde::{Deserialize, Serialize};

/// What an instance served when the plan was made.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Detachment {
    instance: String,
    /// The Auto Scaling group in which it is in service.
    group: Option<String>,
    places: Vec<Place>,
}

/// A port of the instance in a target group.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    targets: String,
    port: String,
}

/// How one of its services stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Prior,
    Ours,
    OnTheWay,
    Foreign,
}

impl Detachment {
    /// Reads what `instance` serves: the very memberships that `apply` ends.
    pub(crate) async fn find(api: &Api, instance: &str) -> Result<Self, ActError> {
        let group = membership(api, instance).await?;
        let group = group.filter(|(_, state)| state == "InService").map(|(group, _)| group);
        let mut places = Vec::new();
        for targets in target_groups(api).await? {
            places.extend(
                places_in(api, &targets)
                    .await?
                    .into_iter()
                    .filter(|(id, _)| id == instance)
                    .map(|(_, port)| Place { targets: targets.clone(), port }),
            );
        }
        if group.is_none() && places.is_empty() {
            return Err(ActError::permanent("find what the instance serves"));
        }
        Ok(Self { instance: instance.to_owned(), group, places })
    }

    /// How many groups it leaves.
    pub(crate) fn groups(&self) -> usize {
        self.places.len() + usize::from(self.group.is_some())
    }

    pub(crate) async fn observe(&self, api: &Api) -> Result<Observed, ActError> {
        let states = self.states(api).await?;
        let all = |wanted| states.iter().all(|state| *state == wanted);
        Ok(if states.contains(&State::Foreign) {
            Observed::Conflict
        } else if all(State::Prior) {
            Observed::NotInForce
        } else if all(State::Ours) {
            Observed::InForce
        } else {
            Observed::Partial
        })
    }

    pub(crate) async fn apply(&self, api: &Api) -> Result<(), ActError> {
        if self.observe(api).await? == Observed::Conflict {
            return Err(ActError::conflict("take the instance out of service"));
        }
        if let Some(group) = &self.group
            && self.in_group(api, group).await? == State::Prior
        {
            // Without the decrement the group would start another at once, and have one too many afterwards.
            let form = [
                ("AutoScalingGroupName", group.as_str()),
                ("InstanceIds.member.1", self.instance.as_str()),
                ("ShouldDecrementDesiredCapacity", "true"),
            ];
            there(api.ask(Service::Scaling, "EnterStandby", &form).await?, "EnterStandby")?;
        }
        for place in &self.places {
            if self.in_place(api, place).await? == State::Prior {
                self.place(api, "DeregisterTargets", place).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn revert(&self, api: &Api) -> Result<(), ActError> {
        if self.states(api).await?.contains(&State::Foreign) {
            return Err(ActError::conflict("put the instance back into service"));
        }
        if let Some(group) = &self.group
            && self.in_group(api, group).await? == State::Ours
        {
            let form =
                [("AutoScalingGroupName", group.as_str()), ("InstanceIds.member.1", self.instance.as_str())];
            there(api.ask(Service::Scaling, "ExitStandby", &form).await?, "ExitStandby")?;
        }
        for place in &self.places {
            if self.in_place(api, place).await? == State::Ours {
                self.place(api, "RegisterTargets", place).await?;
            }
        }
        Ok(())
    }

    /// The Auto Scaling group first, then the places in their order.
    async fn states(&self, api: &Api) -> Result<Vec<State>, ActError> {
        let mut states = Vec::new();
        if let Some(group) = &self.group {
            states.push(self.in_group(api, group).await?);
        }
        for place in &self.places {
            states.push(self.in_place(api, place).await?);
        }
        Ok(states)
    }

    async fn in_place(&self, api: &Api, place: &Place) -> Result<State, ActError> {
        let serves = (self.instance.clone(), place.port.clone());
        let now = places_in(api, &place.targets).await?;
        Ok(if now.contains(&serves) { State::Prior } else { State::Ours })
    }

    async fn in_group(&self, api: &Api, group: &str) -> Result<State, ActError> {
        Ok(match membership(api, &self.instance).await? {
            Some((now, state)) if now == group => match state.as_str() {
                "InService" => State::Prior,
                "Standby" => State::Ours,
                "EnteringStandby" | "Pending" => State::OnTheWay,
                _ => State::Foreign,
            },
            _ => State::Foreign,
        })
    }

    async fn place(&self, api: &Api, action: &'static str, place: &Place) -> Result<(), ActError> {
        let form = [
            ("TargetGroupArn", place.targets.as_str()),
            ("Targets.member.1.Id", self.instance.as_str()),
            ("Targets.member.1.Port", place.port.as_str()),
        ];
        there(api.ask(Service::Balancing, action, &form).await?, action)
    }
}

/// A group that is gone was taken away by somebody else.
fn there(reply: Option<Reply>, at: &'static str) -> Result<(), ActError> {
    reply.map(drop).ok_or(ActError::conflict(at))
}

/// The Auto Scaling group of an instance and its state in it.
async fn membership(api: &Api, instance: &str) -> Result<Option<(String, String)>, ActError> {
    let form = [("InstanceIds.member.1", instance)];
    let reply = api.look(Service::Scaling, "DescribeAutoScalingInstances", &form).await?;
    Ok(reply.and_then(|reply| {
        reply.read(|root| {
            let members = root.members("AutoScalingInstances");
            let one = members.first()?;
            let (group, state) = (one.child_text("AutoScalingGroupName")?, one.child_text("LifecycleState")?);
            Some((group.to_owned(), state.to_owned()))
        })
    }))
}

/// The ARNs of all target groups of the account in its region.
async fn target_groups(api: &Api) -> Result<Vec<String>, ActError> {
    let (mut all, mut marker) = (Vec::new(), None::<String>);
    loop {
        let form: Vec<(&str, &str)> = marker.iter().map(|marker| ("Marker", marker.as_str())).collect();
        let Some(reply) = api.look(Service::Balancing, "DescribeTargetGroups", &form).await? else {
            return Ok(all);
        };
        let page = reply.read(|root| {
            let told = root.members("TargetGroups");
            Some(told.iter().filter_map(|one| one.child_text("TargetGroupArn").map(str::to_owned)).collect())
        });
        all.extend::<Vec<String>>(page.unwrap_or_default());
        marker = reply.text("NextMarker");
        if marker.is_none() {
            return Ok(all);
        }
    }
}

/// Who serves in a target group on which port, without those that are leaving.
async fn places_in(api: &Api, targets: &str) -> Result<Vec<(String, String)>, ActError> {
    let form = [("TargetGroupArn", targets)];
    let reply = api.look(Service::Balancing, "DescribeTargetHealth", &form).await?;
    let read = |reply: Reply| {
        reply.read(|root| {
            let told = root.members("TargetHealthDescriptions");
            let place = |one: &roxmltree::Node<'_, '_>| {
                let child = |name| one.children().find(|node| node.has_tag_name_local(name));
                let (target, health) = (child("Target")?, child("TargetHealth")?);
                let leaving = health.child_text("State") == Some("draining");
                let (id, port) = (target.child_text("Id")?.to_owned(), target.child_text("Port")?.to_owned());
                (!leaving).then_some((id, port))
            };
            Some(told.iter().filter_map(place).collect())
        })
    };
    Ok(reply.and_then(read).unwrap_or_default())
}
