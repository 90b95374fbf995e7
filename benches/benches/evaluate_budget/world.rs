//! Seeded entities whose counts have hours, weekends, scatter between hours and a slow drift of their own.

use homeostat_benches::Draw;

/// One entity: its level at work, its scatter, its hours, where its level drifts to.
#[derive(Debug)]
pub(crate) struct Actor {
    level: f64,
    shape: u32,
    starts: i64,
    ends: i64,
    night: f64,
    weekend: f64,
    drift: f64,
}

/// A company of entities and the numbers that move it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) actors: Vec<Actor>,
    draw: Draw,
    spare: u64,
}

impl World {
    pub(crate) fn new(seed: u64, entities: usize) -> Self {
        let mut world = Self { actors: Vec::new(), draw: Draw::new(seed), spare: 0 };
        for _ in 0..entities {
            let actor = Actor {
                level: (world.unit() * 100_f64.ln()).exp(),
                shape: 2 + u32::try_from(world.draw.below(10)).unwrap_or(0),
                starts: 6 + world.draw.below(4).cast_signed(),
                ends: 15 + world.draw.below(5).cast_signed(),
                night: 0.02 + 0.3 * world.unit() * world.unit(),
                weekend: world.unit() * world.unit(),
                drift: 0.0,
            };
            world.actors.push(actor);
        }
        world
    }

    pub(crate) fn unit(&mut self) -> f64 {
        // Two halves, so that small probabilities are drawn finely.
        self.spare = self.draw.below(1 << 26);
        (self.draw.below(1 << 27) as f64 * (1_u64 << 26) as f64 + self.spare as f64 + 0.5)
            / (1_u64 << 53) as f64
    }

    fn exponential(&mut self) -> f64 {
        -self.unit().ln()
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (core::f64::consts::TAU * self.unit()).cos()
    }

    pub(crate) fn poisson(&mut self, mean: f64) -> f64 {
        if mean > 200.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let (mut left, mut count) = (mean, 0.0);
        loop {
            left -= self.exponential();
            if left < 0.0 {
                return count;
            }
            count += 1.0;
        }
    }

    /// Events that the entity is expected to cause in an hour of its local time.
    pub(crate) fn expected(&self, who: usize, local_hour: i64) -> f64 {
        let Some(actor) = self.actors.get(who) else { return 0.0 };
        let (day, of_day) = ((local_hour.div_euclid(24) + 3).rem_euclid(7), local_hour.rem_euclid(24));
        let at_work = (actor.starts..actor.ends).contains(&of_day);
        let season = if at_work { 1.0 } else { actor.night } * if day >= 5 { actor.weekend } else { 1.0 };
        actor.level * season * actor.drift.exp()
    }

    /// The count of one hour, with the entity's own scatter.
    pub(crate) fn count(&mut self, who: usize, mean: f64) -> u32 {
        let shape = self.actors.get(who).map_or(1, |actor| actor.shape);
        let scatter = (0..shape).map(|_| self.exponential()).sum::<f64>() / f64::from(shape);
        whole(self.poisson(mean * scatter))
    }

    /// A day passes: levels drift by some percent, and return slowly.
    pub(crate) fn drift(&mut self) {
        for who in 0..self.actors.len() {
            let step = 0.015 * self.normal();
            if let Some(actor) = self.actors.get_mut(who) {
                actor.drift = 0.985 * actor.drift + step;
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count within u32")]
pub(crate) fn whole(count: f64) -> u32 {
    count.clamp(0.0, 1e9) as u32
}
