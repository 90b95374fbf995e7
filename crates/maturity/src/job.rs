//! The stories about what service accounts do day by day: jobs that change overnight, and one that only grows.
//!
//! Each account's thirty days are written with its story, so that a tenant without the story does not know it.

use crate::accounts::user_arn;
use crate::cast::ACCOUNT;
use crate::cloudtrail::{Call, Caller};
use crate::log::pause;
use crate::machinery::CLOUD_NAT;
use crate::object::Object;
use crate::story::Teller;
use homeostat_core::EntityKind;

/// One way to spend a day.
#[derive(Clone, Copy)]
struct Routine {
    /// The first and the last hour of it, office time.
    hours: (i64, i64),
    /// The minute in which each hour's work begins.
    minute: i64,
    /// Of five calls, the operations.
    calls: [(&'static str, &'static str); 5],
    /// What it works on.
    table: &'static str,
}

/// A job, and what it becomes overnight: other hours, another table, two calls of five that it never made.
struct Job {
    who: &'static str,
    before: Routine,
    after: Routine,
}

const REPORTS: Job = Job {
    who: "svc-rep",
    before: Routine {
        hours: (13, 16),
        minute: 5,
        calls: [
            ("dynamodb", "Query"),
            ("dynamodb", "GetItem"),
            ("dynamodb", "Query"),
            ("dynamodb", "DescribeTable"),
            ("dynamodb", "BatchGetItem"),
        ],
        table: "orders",
    },
    after: Routine {
        hours: (2, 5),
        minute: 5,
        calls: [
            ("dynamodb", "Query"),
            ("dynamodb", "Scan"),
            ("dynamodb", "GetItem"),
            ("dynamodb", "ExportTableToPointInTime"),
            ("dynamodb", "DescribeTable"),
        ],
        table: "customers",
    },
};

const STOCK: Job = Job {
    who: "svc-stock",
    before: Routine {
        hours: (12, 15),
        minute: 20,
        calls: [
            ("lambda", "Invoke"),
            ("lambda", "GetFunction"),
            ("lambda", "Invoke"),
            ("lambda", "ListVersionsByFunction"),
            ("lambda", "Invoke"),
        ],
        table: "stock-moves",
    },
    after: Routine {
        hours: (3, 6),
        minute: 10,
        calls: [
            ("lambda", "Invoke"),
            ("lambda", "ListEventSourceMappings"),
            ("lambda", "GetFunction"),
            ("lambda", "PutFunctionConcurrency"),
            ("lambda", "ListVersionsByFunction"),
        ],
        table: "payroll-moves",
    },
};

const BILLS: Routine = Routine {
    hours: (8, 11),
    minute: 15,
    calls: [
        ("dynamodb", "Query"),
        ("dynamodb", "PutItem"),
        ("dynamodb", "Query"),
        ("dynamodb", "UpdateItem"),
        ("dynamodb", "Query"),
    ],
    table: "invoices",
};

/// The close of a month: the same account, once in four weeks.
const CLOSE: Routine = Routine {
    hours: (20, 21),
    minute: 0,
    calls: [
        ("dynamodb", "Scan"),
        ("dynamodb", "PutItem"),
        ("dynamodb", "Scan"),
        ("dynamodb", "BatchWriteItem"),
        ("dynamodb", "Scan"),
    ],
    table: "invoices-closed",
};

/// How much an hour's work is, as the number of calls from one to the other.
#[derive(Clone, Copy)]
struct Load(i64, i64);

const USUAL: Load = Load(24, 34);
/// The same by seven fifths.
const GROWN: Load = Load(34, 47);

impl Teller<'_> {
    /// A job that changes overnight, of which somebody says that it is right.
    pub(crate) fn new_reports(&mut self) {
        self.overnight(&REPORTS);
    }

    /// A job that changes overnight, of which nobody says anything.
    pub(crate) fn new_stock(&mut self) {
        self.overnight(&STOCK);
    }

    /// A job that grows, with the close of a month in it, which was there once before.
    pub(crate) fn growth(&mut self) {
        self.account("svc-bill");
        let story_day = self.calendar.story_day();
        self.harmless("the job of a month, with the close of one");
        for day in 0..story_day {
            self.work("svc-bill", day, (BILLS, USUAL));
        }
        let close = story_day + 1;
        self.work("svc-bill", close - 28, (CLOSE, USUAL));
        self.harmless("the job with two fifths more to do, and the close of the next month");
        for day in [story_day, close] {
            self.work("svc-bill", day, (BILLS, GROWN));
        }
        self.work("svc-bill", close, (CLOSE, USUAL));
    }

    fn overnight(&mut self, job: &Job) {
        self.account(job.who);
        let story_day = self.calendar.story_day();
        self.harmless("the job of a month");
        for day in 0..story_day {
            self.work(job.who, day, (job.before, USUAL));
        }
        self.harmless("other hours, another table, new calls");
        self.work(job.who, story_day, (job.after, USUAL));
        self.harmless("the same on the next day");
        // Half an hour later: by then a day has gone by.
        let again = Routine { minute: job.after.minute + 30, ..job.after };
        self.work(job.who, story_day + 1, (again, USUAL));
        self.harmless("the job as it was, beside it");
        self.work(job.who, story_day + 1, (job.before, USUAL));
    }

    fn account(&mut self, who: &str) {
        self.alias(EntityKind::IamUserArn, ACCOUNT, &user_arn(who));
    }

    /// A day of `routine`; days before the history are left out.
    fn work(&mut self, who: &str, day: i64, (routine, load): (Routine, Load)) {
        if day < 0 {
            return;
        }
        let caller = Caller::user(self.seed, who, CLOUD_NAT);
        let (first, last) = routine.hours;
        for hour in first..=last {
            let mut at = self.calendar.at(day, hour * 60 + routine.minute);
            let calls = self.rng.between(load.0, load.1);
            for number in 0..calls {
                at += pause(&mut self.rng, 5_000, 40_000);
                let place = usize::try_from(number % 5).unwrap_or(0);
                let Some((service, name)) = routine.calls.get(place).copied() else { continue };
                let parameter = if service == "lambda" { "functionName" } else { "tableName" };
                let asked = Object::default().text(parameter, routine.table);
                caller.write(self.log, &mut self.rng, at, &Call::new(service, name).asking(&asked));
            }
        }
    }
}
