using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace CityMonitor.ServiceDefaults;

/// <summary>Options that check themselves. Each problem is one sentence with the key, the rule and an example.</summary>
public interface ICheckedOptions
{
    IEnumerable<string> Problems();
}

/// <summary>Binds a section; a value of the wrong type becomes the same kind of sentence as a value that breaks a rule.</summary>
sealed partial class SectionBinding<TOptions>(IConfiguration configuration, string section) : IConfigureOptions<TOptions>
    where TOptions : class, ICheckedOptions
{
    public void Configure(TOptions options)
    {
        try
        {
            configuration.GetSection(section).Bind(options);
        }
        catch (InvalidOperationException error)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(TOptions), [Sentence(error.Message)]);
        }
    }

    // Failed to convert configuration value 'soon' at 'Freshdesk:PollingInterval' to type 'System.TimeSpan'.
    static string Sentence(string message)
    {
        var match = ConversionFailure.Match(message);
        if (!match.Success)
        {
            return message;
        }

        var (rule, example) = match.Groups["type"].Value switch
        {
            "System.TimeSpan" => ("a time as hours:minutes:seconds", "00:00:30"),
            "System.Int32" or "System.Int64" => ("a whole number", "30"),
            "System.Double" => ("a number", "0.5"),
            "System.Boolean" => ("true or false", "true"),
            "System.Uri" => ("an absolute URL", "https://city.example.org"),
            var type => ($"a value of {type}", "see docs"),
        };
        return $"{match.Groups["key"].Value} must be {rule}, for example {example}; found '{match.Groups["value"].Value}'.";
    }

    [GeneratedRegex("""^Failed to convert configuration value '(?<value>.*)' at '(?<key>[^']+)' to type '(?<type>[^']+)'""", RegexOptions.Singleline)]
    static partial Regex ConversionFailure { get; }
}

sealed class CheckedOptionsValidation<TOptions> : IValidateOptions<TOptions> where TOptions : class, ICheckedOptions
{
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var problems = options.Problems().ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
