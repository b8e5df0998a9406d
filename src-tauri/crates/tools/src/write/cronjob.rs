use cluster::Change;
use model::{ObjectRef, Risk, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::plan::{After, Plan, Undo, verify};
use super::{Verb, named};
use crate::ToolError;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    #[schemars(title = "Namespace", length(min = 1))]
    pub namespace: String,
    #[schemars(title = "CronJob", length(min = 1))]
    pub name: String,
}

pub(crate) struct CronJobSuspend;
pub(crate) struct CronJobResume;

impl Verb for CronJobSuspend {
    type Args = Args;
    const NAME: &'static str = "cronjob_suspend";
    const TITLE: &'static str = "Suspend a CronJob";
    const DESCRIPTION: &'static str = "Lets a CronJob start no more Jobs; those that run go on.";
    const RISK: Risk = Risk::Write;

    fn consistent(args: &Args) -> Result<(), String> {
        named(&args.namespace, &args.name)
    }

    fn target(args: &Args) -> ObjectRef {
        ObjectRef::new("CronJob", args.namespace.trim(), args.name.trim())
    }

    fn plan(args: &Args, before: &Value, _beside: &[Value], _at: Time) -> Result<Plan, ToolError> {
        Ok(planned(args, before, true))
    }
}

impl Verb for CronJobResume {
    type Args = Args;
    const NAME: &'static str = "cronjob_resume";
    const TITLE: &'static str = "Resume a CronJob";
    const DESCRIPTION: &'static str = "Lets a suspended CronJob start Jobs again; without a starting deadline it starts \
        one at once for a time that it missed.";
    const RISK: Risk = Risk::Write;

    fn consistent(args: &Args) -> Result<(), String> {
        named(&args.namespace, &args.name)
    }

    fn target(args: &Args) -> ObjectRef {
        CronJobSuspend::target(args)
    }

    fn plan(args: &Args, before: &Value, _beside: &[Value], _at: Time) -> Result<Plan, ToolError> {
        Ok(planned(args, before, false))
    }
}

fn planned(args: &Args, before: &Value, suspended: bool) -> Plan {
    let object = CronJobSuspend::target(args);
    let mut after = before.clone();
    after["spec"]["suspend"] = suspended.into();
    let (does, back, expects) = if suspended {
        (format!("Lets {object} start no more Jobs."), CronJobResume::NAME, "it is suspended")
    } else {
        (
            format!("Lets {object} start Jobs again."),
            CronJobSuspend::NAME,
            "it is not suspended, and its next Job starts",
        )
    };
    let of = json!({"namespace": object.namespace, "name": object.name});
    Plan {
        change: Change::Merge(json!({"spec": {"suspend": suspended}})),
        after: After::Known(after),
        does,
        undo: Undo::call(back, of, format!("`{back}` {object}.")),
        verify: verify("describe", &object, format!("`describe` {object}: {expects}.")),
    }
}
