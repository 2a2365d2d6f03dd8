import type { CommandSettings } from './command-settings.ts';
import type { KnownFormat } from './output-format.ts';

/** How a known program is asked unless a registration says otherwise. */
export type ProgramDefaults = Pick<
  CommandSettings,
  'arguments' | 'environment' | 'files' | 'network'
>;

/** Stands where a program insists on a key that the proxy adds itself. */
export const heldKey = 'held-by-the-proxy';

const geminiSettings = {
  security: { auth: { selectedType: 'gemini-api-key' } },
  general: { maxAttempts: 1, disableAutoUpdate: true },
  privacy: { usageStatisticsEnabled: false },
};

const opencodeConfig = {
  autoupdate: false,
  share: 'disabled',
  // It would ask for a title with a call of its own.
  agent: { title: { disable: true } },
  provider: {
    conclave: {
      npm: '@ai-sdk/openai-compatible',
      name: 'conclave',
      options: { baseURL: '{baseUrl}/v1', apiKey: heldKey },
      models: { '{model}': { name: '{model}' } },
    },
  },
};

/**
 * Arguments, variables and files of the programs whose output is known, seen of Claude Code 2.1, Gemini CLI 0.61, Codex 0.169
 * and OpenCode 1.18. The prompt comes by standard input, the key stays with the proxy, and none tries again by
 * itself where it can be told so: retries belong to the workflow.
 */
export const knownPrograms: Readonly<Record<KnownFormat, ProgramDefaults>> = {
  claude: {
    arguments: ['-p', '--model', '{model}', '--output-format', 'json'],
    environment: {
      ANTHROPIC_BASE_URL: '{baseUrl}',
      ANTHROPIC_API_KEY: heldKey,
      CLAUDE_CODE_MAX_RETRIES: '0',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
    },
    files: {},
    network: {
      hosts: [],
      upstream: {
        url: 'https://api.anthropic.com',
        header: 'x-api-key',
        prefix: '',
        from: 'ANTHROPIC_API_KEY',
      },
    },
  },
  gemini: {
    arguments: ['--model', '{model}', '--output-format', 'json', '--skip-trust'],
    environment: {
      GOOGLE_GEMINI_BASE_URL: '{baseUrl}',
      GEMINI_API_KEY: heldKey,
      GEMINI_CLI_NO_RELAUNCH: 'true',
    },
    files: { '.gemini/settings.json': JSON.stringify(geminiSettings) },
    network: {
      hosts: [],
      upstream: {
        url: 'https://generativelanguage.googleapis.com',
        header: 'x-goog-api-key',
        prefix: '',
        from: 'GEMINI_API_KEY',
      },
    },
  },
  codex: {
    arguments: [
      ...['exec', '--json', '--skip-git-repo-check', '--model', '{model}'],
      ...['-c', 'model_provider="conclave"'],
      ...['-c', 'model_providers.conclave.name="conclave"'],
      ...['-c', 'model_providers.conclave.base_url="{baseUrl}/v1"'],
      ...['-c', 'model_providers.conclave.wire_api="responses"'],
      ...['-c', 'model_providers.conclave.env_key="OPENAI_API_KEY"'],
      ...['-c', 'model_providers.conclave.request_max_retries=0'],
      ...['-c', 'model_providers.conclave.stream_max_retries=0'],
      ...['-c', 'check_for_update_on_startup=false', '-c', 'analytics.enabled=false'],
      '-',
    ],
    environment: { OPENAI_API_KEY: heldKey },
    files: {},
    network: { hosts: [], upstream: openai() },
  },
  opencode: {
    arguments: ['run', '--model', 'conclave/{model}', '--format', 'json'],
    environment: {
      OPENCODE_CONFIG_CONTENT: JSON.stringify(opencodeConfig),
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
    },
    files: {},
    network: { hosts: [], upstream: openai() },
  },
};

function openai(): ProgramDefaults['network']['upstream'] {
  const [url, from] = ['https://api.openai.com', 'OPENAI_API_KEY'];
  return { url, header: 'authorization', prefix: 'Bearer ', from };
}
