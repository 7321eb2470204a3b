using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Turns;

enum SilenceStep { None, Prompt, GoodBye }

/// <summary>
/// Silence as the phone hears it: nobody speaks and nobody is about to. After each stretch a prompt, after the last one goodbye. A word
/// of the caller starts it all over.
/// </summary>
sealed class SilencePolicy(CallLimits limits)
{
    double quietSinceMs = -1;
    int prompts;

    /// <summary>The next prompt; only after <see cref="SilenceStep.Prompt"/>.</summary>
    public string PromptText => limits.SilencePrompts[prompts - 1];

    public void CallerSpoke()
    {
        quietSinceMs = -1;
        prompts = 0;
    }

    public SilenceStep Tick(double nowMs, bool somethingGoesOn)
    {
        if (somethingGoesOn || limits.SilenceSeconds <= 0)
        {
            quietSinceMs = -1;
            return SilenceStep.None;
        }

        if (quietSinceMs < 0)
        {
            quietSinceMs = nowMs;
        }

        if (nowMs - quietSinceMs < limits.SilenceSeconds * 1000.0)
        {
            return SilenceStep.None;
        }

        quietSinceMs = nowMs;
        return prompts++ < limits.SilencePrompts.Count ? SilenceStep.Prompt : SilenceStep.GoodBye;
    }
}
