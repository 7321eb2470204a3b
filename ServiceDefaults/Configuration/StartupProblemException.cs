using Microsoft.Extensions.Options;

namespace CityMonitor.ServiceDefaults;

/// <summary>The configuration does not allow a start. Every problem is one sentence with the key, the rule and an example.</summary>
public sealed class StartupProblemException(IReadOnlyList<string> problems)
    : Exception("The configuration does not allow a start:" + string.Concat(problems.Select(problem => $"{Environment.NewLine}  - {problem}")))
{
    public IReadOnlyList<string> Problems { get; } = problems;
}

/// <summary>A wrong setting is the user's to mend: they get the sentence and exit code 78 (EX_CONFIG), not a stack trace and a core dump.</summary>
static class StartupProblemExit
{
    const int ConfigurationError = 78;
    static int _registered;

    public static void Register()
    {
        if (Interlocked.Exchange(ref _registered, 1) == 0)
        {
            AppDomain.CurrentDomain.UnhandledException += (_, unhandled) => ExitOn(unhandled.ExceptionObject);
        }
    }

    static void ExitOn(object thrown)
    {
        var text = thrown switch
        {
            StartupProblemException problem => problem.Message,
            OptionsValidationException invalid => new StartupProblemException([.. invalid.Failures]).Message,
            _ => null,
        };
        if (text is not null)
        {
            Console.Error.WriteLine(text);
            Environment.Exit(ConfigurationError);
        }
    }
}
