import type { ProviderFault } from '../../domain/providers/model-connector.ts';

/** The only error that a model connector rejects with; `fault` says how to treat it. */
export class ProviderFaultError extends Error {
  readonly fault: ProviderFault;

  constructor(fault: ProviderFault, options?: ErrorOptions) {
    super(fault.message, options);
    this.name = 'ProviderFaultError';
    this.fault = fault;
  }
}
